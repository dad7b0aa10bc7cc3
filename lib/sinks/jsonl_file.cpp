#include "livecca/sinks/jsonl_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "livecca/common/error.hpp"

namespace livecca {

JsonlFile::JsonlFile(std::filesystem::path path)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) {
    throw Error(path_.string() + ": expected to create this file, got: " + std::strerror(errno));
  }
}

JsonlFile::~JsonlFile() { ::close(descriptor_); }

bool JsonlFile::write(std::string_view line) {
  struct stat facts {};
  if (::fstat(descriptor_, &facts) == 0 && facts.st_nlink == 0) {
    last_error_ = "the file was removed";
    ++lines_lost_;
    return false;
  }
  std::string bytes(line);
  bytes += '\n';
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data() + written, bytes.size() - written,
                                   size_ + static_cast<off_t>(written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      last_error_ = std::strerror(count < 0 ? errno : ENOSPC);
      ++lines_lost_;
      // Half a line would spoil the next one too. If even this fails, the next line overwrites it.
      if (::ftruncate(descriptor_, size_) != 0) last_error_ += ", and the rest of the line stays";
      return false;
    }
    written += static_cast<std::size_t>(count);
  }
  size_ += static_cast<std::int64_t>(bytes.size());
  return true;
}

}  // namespace livecca
