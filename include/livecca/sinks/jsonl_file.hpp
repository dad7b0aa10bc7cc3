#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "livecca/common/export.hpp"

namespace livecca {

/// An append-only file of JSON lines, each written whole or not at all: a line that the disk took
/// only in part is cut off again. Never throws while writing.
///
/// Thread safety: none.
class LIVECCA_EXPORT JsonlFile {
 public:
  /// Creates the file. Throws Error if it exists already or cannot be created.
  explicit JsonlFile(std::filesystem::path path);
  ~JsonlFile();
  JsonlFile(const JsonlFile&) = delete;
  JsonlFile& operator=(const JsonlFile&) = delete;

  /// Appends a line; returns false if it could not be written.
  bool write(std::string_view line);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t lines_lost() const { return lines_lost_; }
  /// Why the last failed write failed.
  const std::string& last_error() const { return last_error_; }

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::int64_t size_ = 0;
  std::uint64_t lines_lost_ = 0;
  std::string last_error_;
};

}  // namespace livecca
