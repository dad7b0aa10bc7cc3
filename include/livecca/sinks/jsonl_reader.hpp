#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <limits>
#include <string>
#include <string_view>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Reads a run's rows.jsonl line by line while it grows. Each complete line is passed on once.
///
/// A last line without a line feed is still being written. It is passed on by the read() that finds
/// it complete. The file may be cut back to a checkpoint or begun anew, and then grow again. read()
/// notices this, because the last line that it read is then not in its place.
///
/// Memory: the longest line and 1 MiB. Thread safety: none.
class LIVECCA_EXPORT JsonlReader {
 public:
  /// `run` is a run's folder, or the file itself. Fails if there is no such file, or if it cannot
  /// be opened. Reads nothing yet.
  static Result<JsonlReader> open(const std::filesystem::path& run);

  /// Called with a line, without its line feed. The text is valid only during the call.
  using OnLine = std::function<void(std::string_view line)>;
  /// Called when all earlier lines become invalid, because the file is read again from its
  /// beginning.
  using OnStartOver = std::function<void()>;

  static constexpr std::uint64_t all_bytes = std::numeric_limits<std::uint64_t>::max();
  /// About. A longer line is a failure, not what a run wrote.
  static constexpr std::size_t longest_line = std::size_t{16} << 20U;

  /// Reads the lines that came since the last read(). Returns whether a function was called. A file
  /// that was removed has no lines for now. Fails if reading fails. Another read() continues from
  /// there. It also does so after `most_bytes`, rounded up to whole lines and to about 1 MiB: who
  /// reads several long files reads a part of each in turn.
  Result<bool> read(const OnLine& on_line, const OnStartOver& on_start_over,
                    std::uint64_t most_bytes = all_bytes);

  const std::filesystem::path& path() const { return path_; }
  /// The number of bytes of all lines read so far, with their line feeds.
  std::uint64_t offset() const { return offset_; }

 private:
  explicit JsonlReader(std::filesystem::path path);
  bool still_holds_last_line(std::ifstream& file) const;
  Result<bool> read_lines(std::ifstream& file, const OnLine& on_line, std::uint64_t most_bytes);

  std::filesystem::path path_;
  std::uint64_t offset_ = 0;
  std::string last_line_;  // with its line feed
};

}  // namespace livecca
