#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "livecca/monitor/options.hpp"

namespace livecca_tests {

/// A small training that saved a checkpoint and was left: its files as bytes, and how it goes on.
class SavedRun {
 public:
  /// Trains in a temporary folder. With `goes_on` the run was not left after it saved the
  /// checkpoint: it went on and ended, so later steps are in the rows and in the history.
  static SavedRun train(bool goes_on = false);
  /// What put_into() wrote into a folder.
  static SavedRun read_from(const std::filesystem::path& folder);

  /// Writes all files into a folder, and removes what else is in it.
  void put_into(const std::filesystem::path& folder) const;
  /// The options of the run in a folder.
  static livecca::MonitorOptions options_in(const std::filesystem::path& folder);
  static std::filesystem::path checkpoint_in(const std::filesystem::path& folder) {
    return folder / "checkpoint";
  }
  /// Resumes the run in a folder, trains some steps in both streams with a snapshot of each, and
  /// finishes. Throws livecca::Error if the checkpoint is refused, or if its taps are others than
  /// those that are watched again. Calls `resumed` after that.
  static void go_on_in(const std::filesystem::path& folder, const std::function<void()>& resumed);

  /// Bytes by the path below the folder: "run/rows.jsonl", "checkpoint/monitor.json", …
  const std::map<std::string, std::string>& files() const { return files_; }
  const std::string& file(const std::string& path) const { return files_.at(path); }
  /// The path of the train stream's moments.
  std::string moments_file() const;

  // The rows of two runs differ in their times. So the checkpoint of one fits no other run, unless
  // its place in the rows is left open.

  /// The checkpoint, its place in the rows left open. Its checksum is then another one.
  std::string open_checkpoint() const;
  /// A checkpoint whose place in the rows is this run's, if it was left open.
  std::string with_place(std::string checkpoint) const;

 private:
  SavedRun() = default;

  std::map<std::string, std::string> files_;
};

}  // namespace livecca_tests
