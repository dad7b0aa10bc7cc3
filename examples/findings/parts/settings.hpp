#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace findings {

/// What every finding is told on the command line.
struct Settings {
  std::filesystem::path run;    ///< a new folder, or one that was left before its end
  std::filesystem::path data;   ///< folder with images or texts; empty: they are made
  std::string scale = "small";  ///< tiny, small, more or paper
  std::uint64_t seed = 1;
};

/// The sizes of the scale that was asked for. Throws std::runtime_error if the finding does not
/// have it.
template <typename Scale>
const Scale& scale_of(const std::map<std::string, Scale>& scales, const Settings& settings) {
  const auto found = scales.find(settings.scale);
  if (found != scales.end()) return found->second;
  throw std::runtime_error("--scale " + settings.scale + ": this finding has no such scale");
}

/// A program of its own.
struct Finding {
  std::string name;
  std::string about;       ///< one sentence, for --help
  bool takes_data = true;  ///< whether there is --data
  void (*run)(const Settings& settings);
};

/// Reads --run, --scale, --seed and --data, and runs the finding. Returns the program's exit code:
/// 0, or 2 with one line on standard error if it throws, or CLI11's if the options are wrong.
int run_program(int argument_count, char** arguments, const Finding& finding);

/// What every run of a finding notes in its rows.
using Notes = std::vector<std::pair<std::string, std::string>>;
Notes notes_of(const Settings& settings, const std::string& finding, const std::string& data,
               std::uint64_t seed);

/// One line that is written over itself: how far the work is, and how long it will still take.
class Progress {
 public:
  explicit Progress(double steps);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Says what is done and that so many steps are.
  void done(const std::string& what, double steps);
  double seconds() const;

 private:
  double steps_;
  double begin_;
};

}  // namespace findings
