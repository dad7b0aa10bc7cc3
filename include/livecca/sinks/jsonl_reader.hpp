#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Reads a run's rows.jsonl line by line while it grows. Each whole line comes once.
///
/// A last line without its line feed is still being written. It comes with the read() that finds it
/// whole. The file may be cut back to a checkpoint, or begun anew, and grow again. read() notices
/// that, because the line that it read last is then not in its place any more.
///
/// Memory: the longest line and 1 MiB. Thread safety: none.
class LIVECCA_EXPORT JsonlReader {
 public:
  /// `run` is a run's folder, or the file itself. Fails if there is no such file, or if it cannot
  /// be opened. Reads nothing yet.
  static Result<JsonlReader> open(const std::filesystem::path& run);

  /// Takes a line without its line feed. The text is valid during the call only.
  using OnLine = std::function<void(std::string_view line)>;
  /// Says that all lines so far count no more, and that the file is read from its beginning.
  using OnStartOver = std::function<void()>;

  /// Reads the lines that came since the last read(). Returns whether anything was called. A file
  /// that is not there any more has no lines for now. Fails if reading fails; another read() goes
  /// on from there.
  Result<bool> read(const OnLine& on_line, const OnStartOver& on_start_over);

  const std::filesystem::path& path() const { return path_; }
  /// How many bytes the lines so far have, with their line feeds.
  std::uint64_t offset() const { return offset_; }

 private:
  explicit JsonlReader(std::filesystem::path path);
  bool still_holds_last_line(std::ifstream& file) const;
  bool read_lines(std::ifstream& file, const OnLine& on_line);

  std::filesystem::path path_;
  std::uint64_t offset_ = 0;
  std::string last_line_;  // with its line feed
};

}  // namespace livecca
