#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sinks/tensorboard/event_file.hpp"

namespace livecca {

/// A stream's folder: the event files of what is of no layer, and a folder for each of
/// TensorBoard's runs within it (see run_names.hpp). Nothing else may write there.
class StreamFolder {
 public:
  explicit StreamFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// The file of a run; of no name, the stream's own.
  EventFile& file(const std::string& run) { return file_of(files_, run, ""); }
  /// Of the final report: taken up again, a run loses it, which no reader of the run's other file
  /// could be told otherwise.
  EventFile& final_file(const std::string& run) { return file_of(final_files_, run, final_ending); }

  /// The runs that have event files on the disk, by name. Throws Error if a folder cannot be
  /// listed.
  std::vector<std::string> runs() const;
  /// Takes all of them back to what was there at this time, without a final report. Throws Error.
  void take_back(double wall_time) const;

 private:
  using Files = std::map<std::string, EventFile>;
  static constexpr const char* final_ending = ".final";

  EventFile& file_of(Files& files, const std::string& run, const char* ending) const {
    return files.try_emplace(run, path_of(run), ending).first->second;
  }
  std::filesystem::path path_of(const std::string& run) const {
    return run.empty() ? path_ : path_ / run;
  }

  std::filesystem::path path_;
  Files files_;
  Files final_files_;
};

}  // namespace livecca
