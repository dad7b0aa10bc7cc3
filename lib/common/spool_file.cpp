#include "common/spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "common/write_bytes.hpp"

namespace livecca {

SpoolFile::SpoolFile(std::filesystem::path beside) : beside_(std::move(beside)) {}

bool SpoolFile::fail(const char* expected, std::string& why) const {
  why = beside_.string() + ": expected " + expected + ", got: " + std::strerror(errno);
  return false;
}

bool SpoolFile::open(std::string& why) {
  if (descriptor_.is_open()) return true;
  const auto parent = beside_.has_parent_path() ? beside_.parent_path() : ".";
  std::string name = (parent / (std::string(name_prefix) + "XXXXXX")).string();
  descriptor_ = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!descriptor_.is_open()) return fail("a temporary file in its folder", why);
  ::unlink(name.c_str());
  return true;
}

bool SpoolFile::append(std::span<const std::byte> bytes, std::string& why) {
  if (!open(why)) return false;
  if (!write_all(descriptor_.number(), bytes, size_)) {
    return fail("to write a temporary file in its folder", why);
  }
  size_ += bytes.size();
  return true;
}

bool SpoolFile::read(std::uint64_t offset, std::span<std::byte> into, std::string& why) const {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t count = ::pread(descriptor_.number(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = EIO;
    if (count <= 0) return fail("to read back a temporary file in its folder", why);
    done += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace livecca
