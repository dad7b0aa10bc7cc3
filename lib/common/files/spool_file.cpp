#include "common/files/spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/files/read_bytes.hpp"
#include "common/files/uninterrupted.hpp"
#include "common/files/write_bytes.hpp"

namespace livecca {

SpoolFile::SpoolFile(std::filesystem::path beside) : beside_(std::move(beside)) {}

Failure SpoolFile::failure(const char* expected) const {
  return Failure{beside_.string() + ": expected " + expected + ", got: " + std::strerror(errno)};
}

Result<void> SpoolFile::open() {
  if (descriptor_.is_open()) return {};
  const auto parent = beside_.has_parent_path() ? beside_.parent_path() : ".";
  std::string name = (parent / (std::string(name_prefix) + "XXXXXX")).string();
  const std::string pattern = name;
  descriptor_ = Descriptor(uninterrupted([&] {
    name = pattern;
    return ::mkostemp(name.data(), O_CLOEXEC);
  }));
  if (!descriptor_.is_open()) return failure("a temporary file in its folder");
  ::unlink(name.c_str());
  return {};
}

Result<void> SpoolFile::append(std::span<const std::byte> bytes) {
  if (auto opened = open(); !opened) return opened;
  if (!write_all(descriptor_.number(), bytes, size_)) {
    return failure("to write a temporary file in its folder");
  }
  size_ += bytes.size();
  return {};
}

Result<void> SpoolFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  const auto count = read_at(descriptor_.number(), into, offset);
  if (count && *count == into.size()) return {};
  if (count) errno = EIO;
  return failure("to read back a temporary file in its folder");
}

}  // namespace livecca
