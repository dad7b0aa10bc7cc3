#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace findings {

/// What every finding is told on the command line.
struct Settings {
  std::filesystem::path run;   ///< a new folder, or one that was left before its end
  std::filesystem::path data;  ///< folder with images or texts; empty: they are made
  std::string scale = "small";
  std::uint64_t seed = 1;
};

/// Reads --run, --scale, --seed and, if it takes data, --data. Returns an exit code where the
/// program has nothing more to do.
std::optional<int> read_command_line(int argument_count, char** arguments, const std::string& about,
                                     bool takes_data, Settings& settings);

/// Runs `finding`, and turns what it throws into one line on standard error and an exit code.
int run_finding(const std::string& name, const Settings& settings,
                void (*finding)(const Settings& settings));

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
