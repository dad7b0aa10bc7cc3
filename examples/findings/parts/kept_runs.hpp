#pragma once

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
/// has runs of another `about`.
std::vector<KeptRun> make_runs(const Settings& settings, const std::string& about,
                               const std::vector<Run>& runs);

/// Prints how long the runs took, and where they are. The last line that a finding prints.
void print_end(const Settings& settings, const std::vector<KeptRun>& runs);

}  // namespace findings
