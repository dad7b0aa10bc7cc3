#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace livecca::tool {

/// A file mapped into memory, read-only. Touching what another program has cut off since raises
/// SIGBUS.
class MappedFile {
 public:
  /// Throws InputError, without the path, if it is not a readable regular file with content.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// Gives the pages of a range back: they leave this process's memory and are read again when
  /// touched.
  void release(const std::byte* from, std::size_t size) const;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace livecca::tool
