#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace livecca {

/// A record as TensorBoard's readers take it: length, its masked CRC-32C, bytes, their masked CRC.
std::string framed_record(std::string_view bytes);

/// The newest event file of a folder, which is where TensorBoard expects what is new: its readers
/// never go back to a file whose name sorts before another's. The file is made when something is
/// written, and begun anew, under a later name, if it was removed. It is open only while it is
/// written: a run has one for each layer, and a process may have few open files.
///
/// Thread safety: none.
class EventFile {
 public:
  /// What the file's name ends with tells kinds of files apart.
  explicit EventFile(std::filesystem::path folder, std::string ending = "");

  /// Makes the folder and the file if need be. A file begins by telling readers that whatever the
  /// folder had of `first_step` and later ones counts no more; some believe that only where the
  /// files before said something of the kind too. Throws Error.
  void begin(double wall_time, std::int64_t first_step);
  /// Appends framed records, all or none, to the file that was begun. Throws Error; the same
  /// records should then come first again, since a reader may have seen their beginning.
  void append(std::string_view records);

  const std::filesystem::path& folder() const { return folder_; }

 private:
  void create(double wall_time);
  [[noreturn]] void refuse(const std::filesystem::path& path, const char* expected,
                           const std::string& got) const;

  std::filesystem::path folder_;
  std::string ending_;
  std::filesystem::path path_;     // empty: there is none so far
  struct stat facts_ {};           // which file it is
  std::uint64_t size_ = 0;         // of whole records
  std::int64_t last_seconds_ = 0;  // in the name of the file before
  unsigned files_ = 0;
};

bool has_event_files(const std::filesystem::path& folder);
/// Takes a run back to where it was saved: cuts a folder's event files before their first event
/// that is later than `wall_time`, or torn. What a file begins with stays. Throws Error.
void cut_event_files(const std::filesystem::path& folder, double wall_time);

/// Removes a folder's event files that end with `ending`, of a run before. Throws Error.
void remove_event_files(const std::filesystem::path& folder, std::string_view ending);

}  // namespace livecca
