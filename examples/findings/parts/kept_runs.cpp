#include "kept_runs.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <utility>

namespace findings {
namespace {

namespace fs = std::filesystem;

constexpr const char* seconds_name = "seconds";

fs::path numbers_file(const fs::path& folder) { return folder.string() + ".txt"; }

/// Nothing if the run is not whole.
std::optional<KeptRun> kept_run(const std::string& name, const fs::path& folder) {
  std::ifstream file(numbers_file(folder));
  KeptRun run{.name = name, .folder = folder, .numbers = {}};
  std::string key;
  for (std::string value; file >> key >> value;) {  // a loss may be nan, which >> does not read
    run.numbers[key] = std::strtod(value.c_str(), nullptr);
  }
  if (!file.eof() || !run.numbers.contains(seconds_name)) return std::nullopt;
  run.seconds = run.numbers.extract(seconds_name).mapped();
  return run;
}

/// Under its name only once it is whole.
void write_file(const fs::path& path, const std::string& text) {
  const fs::path part = path.string() + ".part";
  std::ofstream file(part);
  file << text << std::flush;
  if (!file) throw std::runtime_error(path.string() + ": cannot be written");
  file.close();
  fs::rename(part, path);
}

void keep(const KeptRun& run) {
  std::string text;
  const auto add = [&](const std::string& name, double value) {
    char number[32];
    std::snprintf(number, sizeof number, "%.17g", value);
    text += name + ' ' + number + '\n';
  };
  for (const auto& [name, value] : run.numbers) add(name, value);
  add(seconds_name, run.seconds);
  write_file(numbers_file(run.folder), text);
}

/// Also refuses another seed, as its networks would get into the same figure.
void expect_same_about(const Settings& settings, const std::string& what) {
  const fs::path& folder = settings.run;
  const std::string about = what + "; seed " + std::to_string(settings.seed);
  fs::create_directories(folder);
  const fs::path path = folder / "about.txt";
  std::string found;
  if (std::ifstream file(path); std::getline(file, found) && found != about) {
    throw std::runtime_error(path.string() + ": expected '" + about + "', got '" + found +
                             "': choose another folder");
  }
  if (found.empty()) write_file(path, about + '\n');
}

}  // namespace

std::vector<Run> runs_of_seeds(const Settings& settings, int networks, std::int64_t epochs,
                               const TrainFromSeed& train) {
  std::vector<Run> runs;
  for (int network = 0; network < networks; ++network) {
    const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(network);
    runs.push_back({.name = "seed_" + std::to_string(seed),
                    .steps = static_cast<double>(epochs),
                    .make = [train, seed](const fs::path& folder, const StepsDone& done) {
                      return train(seed, folder, done);
                    }});
  }
  return runs;
}

std::vector<KeptRun> make_runs(const Settings& settings, const std::string& about,
                               const std::vector<Run>& runs) {
  expect_same_about(settings, about);
  std::printf("%s\n", about.c_str());
  const auto kept = [&](const Run& run) { return kept_run(run.name, settings.run / run.name); };
  double steps = 0;
  for (const Run& run : runs) steps += kept(run) ? 0 : run.steps;
  Progress progress(steps);
  double before = 0;
  std::vector<KeptRun> results;
  for (const Run& run : runs) {
    std::optional<KeptRun> result = kept(run);
    if (!result) {
      result = KeptRun{.name = run.name, .folder = settings.run / run.name, .numbers = {}};
      fs::remove_all(result->folder);  // it was interrupted
      const double begun = progress.seconds();
      result->numbers = run.make(result->folder, [&](double done) {
        char step[32];
        std::snprintf(step, sizeof step, " %.0f", done);
        progress.done(run.name + ", " + run.step + step, before + done);
      });
      result->seconds = progress.seconds() - begun;
      keep(*result);
      before += run.steps;
    }
    results.push_back(std::move(*result));
  }
  return results;
}

void print_accuracies(const std::vector<KeptRun>& runs) {
  for (const KeptRun& run : runs) {
    std::printf("%s: test accuracy %.1f %%\n", run.name.c_str(),
                100 * run.numbers.at("test_accuracy"));
  }
}

void print_networks(const std::vector<KeptRun>& runs) {
  std::printf("\n%-20s%8s%19s%15s\n", "network", "epochs", "training accuracy", "test accuracy");
  for (const KeptRun& run : runs) {
    std::printf("%-20s%8.0f%17.1f %%%13.1f %%\n", run.name.c_str(), run.numbers.at("epochs"),
                100 * run.numbers.at("train_accuracy"), 100 * run.numbers.at("test_accuracy"));
  }
}

void print_end(const Settings& settings, const std::vector<KeptRun>& runs) {
  double seconds = 0;
  for (const KeptRun& run : runs) seconds += run.seconds;
  std::printf("\n%.0f s. Run folder: %s\n", seconds, settings.run.c_str());
}

}  // namespace findings
