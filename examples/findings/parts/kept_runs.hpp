#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "settings.hpp"

namespace findings {

/// What a run found, by name. Example: {"test_accuracy", 0.66}.
using Numbers = std::map<std::string, double>;

/// Tells how many of a run's steps are done.
using StepsDone = std::function<void(double steps)>;

/// One of the runs that a finding consists of. Example: the training of one network.
struct Run {
  std::string name;            ///< of its folder, for example "seed_1"
  double steps = 1;            ///< how many it has, or at most has
  std::string step = "epoch";  ///< what a step is called
  /// Does the run. Its folder is not there yet. The numbers it returns are kept.
  std::function<Numbers(const std::filesystem::path& folder, const StepsDone& done)> make{};
};

/// Trains a network from a seed.
using TrainFromSeed = std::function<Numbers(std::uint64_t seed, const std::filesystem::path& folder,
                                            const StepsDone& done)>;

/// A run for each of so many seeds, settings.seed first: "seed_1", "seed_2", …
std::vector<Run> runs_of_seeds(const Settings& settings, int networks, std::int64_t epochs,
                               const TrainFromSeed& train);

/// A run that is whole.
struct KeptRun {
  std::string name;
  std::filesystem::path folder;
  Numbers numbers;
  double seconds = 0;  ///< that it took
};

/// Prints `about`, which says what the settings mean, and makes the runs in settings.run, one after
/// the other. A run that is whole is kept: its numbers lie beside its folder, in NAME.txt. A run
/// that was interrupted is made again from its beginning. Throws std::runtime_error if the folder
/// has runs of another `about` or another first seed.
std::vector<KeptRun> make_runs(const Settings& settings, const std::string& about,
                               const std::vector<Run>& runs);

/// Prints a line for each run: how many of the test images it classifies rightly.
void print_accuracies(const std::vector<KeptRun>& runs);

/// Prints a table: each network's epochs, and its accuracies on training and test images.
void print_networks(const std::vector<KeptRun>& runs);

/// Prints how long the runs took, and where they are. The last line that a finding prints.
void print_end(const Settings& settings, const std::vector<KeptRun>& runs);

}  // namespace findings
