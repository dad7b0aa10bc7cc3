#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

namespace livecca::tool {

/// A run's rows.jsonl while it grows: gives each whole line once.
///
/// A last line without its line feed is still being written and is left for the next read(). A run
/// that is taken up again is cut back to its checkpoint and goes on from there, so the bytes that
/// were read may be others now: the line read last is looked for again each time.
class RowsFile {
 public:
  /// `run` is a run's folder, or the file itself. Throws InputError if there is no such file.
  explicit RowsFile(const std::filesystem::path& run);

  using OnLine = std::function<void(std::string_view line)>;
  using OnStartOver = std::function<void()>;

  /// Reads the lines that came since the last read(). If the file is not the one that was read, all
  /// of its lines come again, after `on_start_over`. A file that is gone for now has no lines.
  /// Whether anything was called.
  bool read(const OnLine& on_line, const OnStartOver& on_start_over);

  const std::filesystem::path& path() const { return path_; }
  /// Bytes of the whole lines that were read.
  std::uint64_t offset() const { return offset_; }

 private:
  bool still_holds_last_line(std::ifstream& file) const;
  bool read_lines(std::ifstream& file, const OnLine& on_line);

  std::filesystem::path path_;
  std::uint64_t offset_ = 0;
  std::string last_line_;  // with its line feed
};

}  // namespace livecca::tool
