#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/files/descriptor.hpp"

namespace livecca {

/// A record as TensorBoard's readers take it: length, its masked CRC-32C, bytes, their masked CRC.
std::string framed_record(std::string_view bytes);

/// The newest event file of a folder, which is where TensorBoard expects what is new: its readers
/// never go back to a file whose name sorts before another's. The file is made when something is
/// written, and begun anew, under a later name, if it was removed.
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
  /// Appends an event, whole or not at all, to the file that was begun. Throws Error; the same
  /// event should then come first again, since a reader may have seen its beginning.
  void append(std::string_view event);

  const std::filesystem::path& folder() const { return folder_; }

 private:
  bool is_removed() const;
  void create(double wall_time);
  void write(std::string_view records);
  [[noreturn]] void refuse(const std::filesystem::path& path, const char* expected,
                           const std::string& got) const;

  std::filesystem::path folder_;
  std::string ending_;
  std::filesystem::path path_;
  Descriptor descriptor_;
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
