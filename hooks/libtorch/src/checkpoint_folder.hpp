#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

namespace livecca::libtorch {

/// A folder with one folder a checkpoint, and a link to the one that counts:
///
///     latest -> livecca-checkpoint-12
///     livecca-checkpoint-12/training.pt   the values
///     livecca-checkpoint-12/monitor/      as Monitor::save() writes it
///     livecca-begun                       only until the first checkpoint is there
///
/// The link is replaced last and whole. The folder may hold other things of the user's, which stay.
/// All functions throw std::exception if the system refuses something.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// The checkpoint that counts; none if there is none yet. Throws Error on a link to something
  /// else: no checkpoint must be taken for none because the link could not be read.
  std::optional<std::filesystem::path> latest() const;
  /// An empty folder for the next checkpoint.
  std::filesystem::path begin_next() const;
  /// Puts it on the disk, lets it count, and removes earlier ones.
  void make_latest(const std::filesystem::path& checkpoint) const;

  /// Notes that a run is being begun that has no checkpoint yet.
  void note_begun() const;
  bool was_begun() const;

  static std::filesystem::path values_of(const std::filesystem::path& checkpoint);
  static std::filesystem::path monitor_of(const std::filesystem::path& checkpoint);

 private:
  std::uint64_t latest_number() const;
  void remove_all_but(const std::filesystem::path& kept) const;

  std::filesystem::path path_;
};

/// Puts a file or folder on the disk.
void sync_to_disk(const std::filesystem::path& path);

/// Removes a run that has no numbers yet, so that it can be begun again. Returns whether it did:
/// not if the run has a row of a snapshot or of log(), or an activation, nor if a process writes
/// it.
bool remove_untrained_run(const std::filesystem::path& run_directory);
/// Whether there is a run, trained or not.
bool holds_run(const std::filesystem::path& run_directory);

}  // namespace livecca::libtorch
