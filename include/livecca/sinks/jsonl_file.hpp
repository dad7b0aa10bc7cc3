#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "livecca/common/export.hpp"

namespace livecca {

/// An append-only file of JSON lines. Each line is written completely or not at all. If the disk
/// takes only a part of a line, this part is cut off again. Lines that cannot be written wait in
/// memory. When the disk takes lines again, the waiting ones are written first. If more than 8 MiB
/// would wait, further lines are lost and counted.
///
/// If the file was removed or renamed, it is created again, with its folder. If it was emptied, it
/// gets its first lines again. If a file of another run is in its place, that file is not changed.
/// Lines that another appended stay. Writing never throws Error.
///
/// A file has one writer: the lock of the open file keeps out other processes, and other objects of
/// this one. In a child of fork() the object writes to nowhere.
///
/// Thread safety: none.
class LIVECCA_EXPORT JsonlFile {
 public:
  /// Creates the file. Throws Error if it exists already, or if it cannot be created.
  explicit JsonlFile(std::filesystem::path path) : JsonlFile(std::move(path), true) {}
  /// Continues an existing file, at its end or where cut() says. Throws Error if the file does not
  /// exist, cannot be written, or is being written by another process or object.
  static JsonlFile at_end_of(std::filesystem::path path) {
    return JsonlFile(std::move(path), false);
  }
  /// Tries once more to write the waiting lines.
  ~JsonlFile();
  JsonlFile(const JsonlFile&) = delete;
  JsonlFile& operator=(const JsonlFile&) = delete;

  /// Continues the file if it begins with this line. If the file is begun anew later, it gets this
  /// line first. Returns false, and changes nothing, if the file begins with something else. A
  /// file that is shorter than the line may hold the first part of the line. Throws Error if the
  /// file cannot be read.
  bool take_up(std::string first_line);
  /// Keeps the first `size` bytes and removes the rest. If the last line is then incomplete, it is
  /// removed too. Throws Error, and changes nothing, if that fails.
  void cut(std::uint64_t size);

  /// Appends a line after the waiting ones. Returns false if the line must wait or is lost, or if
  /// earlier lines are gone because the file was removed or shortened, or if another appended
  /// lines. last_error() gives the reason.
  bool write(std::string_view line);
  /// Sets the second line. It is written only if the file is begun anew.
  void set_heading(std::string line) { heading_ = std::move(line); }
  /// Returns true when the disk has all lines, including the waiting ones. Returns false if the
  /// disk does not confirm this, or if the file was removed or shortened since the last write().
  bool sync();

  const std::filesystem::path& path() const { return path_; }
  /// The line that the file begins with, now or when it is begun anew. Empty until a line is
  /// written or take_up() succeeds.
  const std::string& first_line() const { return first_line_; }
  /// The last line of the file; empty if there is none. Throws Error if it cannot be read.
  std::string last_line() const;
  /// The size of the file in bytes.
  std::uint64_t size() const { return size_; }
  std::uint64_t lines_lost() const { return lines_lost_; }
  std::uint64_t lines_waiting() const { return waiting_.size(); }
  /// The reason of the last failure.
  const std::string& last_error() const { return last_error_; }

 private:
  JsonlFile(std::filesystem::path path, bool is_new);
  std::optional<std::uint64_t> end_of_line_before(std::uint64_t offset) const;
  bool fail(std::string why);
  bool write_now(std::string_view line);
  enum class Damage { none, removed, shortened, appended };
  Damage find_damage() const;
  bool mend(Damage damage);
  bool open_again();
  bool keep_appended(std::uint64_t size, std::uint64_t end_of_lines);
  void begin_again();
  bool write_waiting();

  std::filesystem::path path_;
  int descriptor_;
  std::int64_t process_;
  std::uint64_t size_ = 0;
  std::uint64_t rest_end_ = 0;  // of a line that was written in part and could not be cut off
  std::uint64_t lines_written_ = 0;
  std::uint64_t lines_lost_ = 0;
  std::deque<std::string> waiting_;
  std::uint64_t bytes_waiting_ = 0;
  std::string first_line_;
  std::string heading_;
  std::string last_error_;
  std::string to_tell_;  // what was mended, until write() told it
};

}  // namespace livecca
