#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "common/descriptor.hpp"

namespace livecca {

/// A regular file to read from. Bytes are read, not mapped: a file that shrinks under a mapping
/// would end the process. Every `why` is one line that begins with the path.
///
/// Thread safety: read() may be called from any thread.
class InputFile {
 public:
  /// Nothing if the path is missing, not a regular file, or not to be read.
  static std::optional<InputFile> open(const std::filesystem::path& path, std::string& why);

  /// Bytes, when it was opened.
  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

  /// Fills `into` from `offset` on. False if the file does not hold that many bytes, or not any
  /// more; `into` is then unspecified.
  bool read(std::uint64_t offset, std::span<std::byte> into, std::string& why) const;

 private:
  InputFile(std::filesystem::path path, Descriptor descriptor, std::uint64_t size);

  std::filesystem::path path_;
  Descriptor descriptor_;
  std::uint64_t size_;
};

}  // namespace livecca
