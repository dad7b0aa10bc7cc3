#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "common/files/descriptor.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// A regular file to read from. Bytes are read, not mapped: a file that shrinks under a mapping
/// would end the process. Every failure is one line that begins with the path.
///
/// Thread safety: read() may be called from any thread.
class InputFile {
 public:
  /// Fails if the path is missing, is not a regular file, or may not be read.
  static Result<InputFile> open(const std::filesystem::path& path);

  /// Bytes, when it was opened.
  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

  /// Fills `into` from `offset` on. Fails if the file does not hold that many bytes, or not any
  /// more; `into` is then unspecified.
  Result<void> read(std::uint64_t offset, std::span<std::byte> into) const;

 private:
  InputFile(std::filesystem::path path, Descriptor descriptor, std::uint64_t size);

  std::filesystem::path path_;
  Descriptor descriptor_;
  std::uint64_t size_;
};

}  // namespace livecca
