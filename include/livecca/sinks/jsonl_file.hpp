#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "livecca/common/export.hpp"

namespace livecca {

/// An append-only file of JSON lines, each written whole or not at all: a line that the disk took
/// only in part is cut off again. Lines that cannot be written wait, up to 8 MiB of them, and go
/// first once the disk takes them; beyond that they are lost and counted. A file that was removed
/// is begun anew, its folder too; one that was emptied begins as before. What another run put in
/// its place is not touched. Never throws while writing.
///
/// Thread safety: none.
class LIVECCA_EXPORT JsonlFile {
 public:
  /// Creates the file. Throws Error if it exists already or cannot be created.
  explicit JsonlFile(std::filesystem::path path) : JsonlFile(std::move(path), true) {}
  /// Goes on with a file, at its end or where cut() says. Throws Error if there is no such file, it
  /// cannot be written, or another process is writing it.
  static JsonlFile at_end_of(std::filesystem::path path) {
    return JsonlFile(std::move(path), false);
  }
  /// Tries once more to write what waits.
  ~JsonlFile();
  JsonlFile(const JsonlFile&) = delete;
  JsonlFile& operator=(const JsonlFile&) = delete;

  /// Goes on with the file as the one that begins with this line, and will if it is begun anew.
  /// False, and nothing changes, if it begins otherwise, as far as it goes.
  bool take_up(std::string first_line);
  /// Forgets what lies beyond `size` bytes, and a line that is then not whole. Throws Error if that
  /// cannot be done.
  void cut(std::uint64_t size);

  /// Appends a line, after those that wait. Returns false if it has to wait or is lost, or if
  /// earlier lines are gone because the file was removed or shortened; last_error() says which.
  bool write(std::string_view line);
  /// What comes after the first line in a file that had to be begun anew.
  void set_heading(std::string line) { heading_ = std::move(line); }
  /// Returns once the disk has all lines, those that wait too; false if it does not say so, or if
  /// the file was removed or shortened since the last write().
  bool sync();

  const std::filesystem::path& path() const { return path_; }
  /// What the file begins with, now or once it is begun anew; empty until a line is written.
  const std::string& first_line() const { return first_line_; }
  /// Empty if there is none.
  std::string last_line() const;
  /// Bytes written.
  std::uint64_t size() const { return size_; }
  std::uint64_t lines_lost() const { return lines_lost_; }
  std::uint64_t lines_waiting() const { return waiting_.size(); }
  /// Why the last failed write failed.
  const std::string& last_error() const { return last_error_; }

 private:
  JsonlFile(std::filesystem::path path, bool is_new);
  std::uint64_t end_of_line_before(std::uint64_t offset) const;
  bool fail(std::string why);
  bool write_now(std::string_view line);
  enum class Damage { none, removed, shortened };
  Damage find_damage() const;
  bool mend(Damage damage);
  bool open_again();
  void begin_again();
  bool write_waiting();

  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t lines_written_ = 0;
  std::uint64_t lines_lost_ = 0;
  std::deque<std::string> waiting_;
  std::uint64_t bytes_waiting_ = 0;
  std::string first_line_;
  std::string heading_;
  std::string last_error_;
};

}  // namespace livecca
