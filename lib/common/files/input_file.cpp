#include "common/files/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "common/files/read_bytes.hpp"
#include "common/files/uninterrupted.hpp"

namespace livecca {

InputFile::InputFile(std::filesystem::path path, Descriptor descriptor, std::uint64_t size)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), size_(size) {}

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  const auto fail = [&](const char* got) {
    return Failure{path.string() + ": expected a file to read, got: " + got};
  };
  // O_NONBLOCK: a pipe without a writer would be waited for, instead of refused.
  Descriptor descriptor(
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  struct stat facts {};
  if (!descriptor.is_open() || ::fstat(descriptor.number(), &facts) != 0) {
    return fail(std::strerror(errno));
  }
  if (S_ISDIR(facts.st_mode)) return fail("a folder");
  if (!S_ISREG(facts.st_mode)) return fail("something that is not a regular file");
  return InputFile(path, std::move(descriptor), static_cast<std::uint64_t>(facts.st_size));
}

Result<void> InputFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  const auto fail = [&](const std::string& got) {
    return Failure{path_.string() + ": expected " + std::to_string(into.size()) +
                   " bytes at byte " + std::to_string(offset) + ", got: " + got};
  };
  // The size it was opened with also bounds the offsets, to what off_t holds.
  if (offset > size_ || into.size() > size_ - offset) {
    return fail("a file of " + std::to_string(size_) + " bytes");
  }
  const auto count = read_at(descriptor_.number(), into, offset);
  if (!count) return fail(std::strerror(errno));
  if (*count < into.size()) return fail("a file that was cut short since it was opened");
  return {};
}

}  // namespace livecca
