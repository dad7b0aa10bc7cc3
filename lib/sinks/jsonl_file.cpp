#include "livecca/sinks/jsonl_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

constexpr std::uint64_t most_bytes_waiting = std::uint64_t{8} << 20U;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& expected,
                         const char* got) {
  throw Error(path.string() + ": expected to " + expected + ", got: " + got);
}

/// Of the process, so that no child of fork() holds it on.
bool lock(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(descriptor, F_SETLK, &whole) == 0 || (errno != EACCES && errno != EAGAIN);
}

std::uint64_t size_of_file(int descriptor) {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

}  // namespace

JsonlFile::JsonlFile(std::filesystem::path path, bool is_new)
    : path_(std::move(path)),
      descriptor_(
          ::open(path_.c_str(), O_RDWR | O_CLOEXEC | (is_new ? O_CREAT | O_EXCL : 0), 0644)) {
  if (descriptor_ < 0) {
    refuse(path_, is_new ? "create this file" : "go on with this file", std::strerror(errno));
  }
  if (!lock(descriptor_)) {
    ::close(descriptor_);
    refuse(path_, "be the only one to write this file", "another process that writes it");
  }
  size_ = size_of_file(descriptor_);
}

void JsonlFile::cut(std::uint64_t size) {
  size_ = std::min(size, size_);
  go_to_end_of_line();
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) {
    refuse(path_, "cut this file", std::strerror(errno));
  }
}

JsonlFile::~JsonlFile() {
  write_waiting();
  ::close(descriptor_);
}

void JsonlFile::go_to_end_of_line() {
  std::array<char, 4096> bytes{};
  while (size_ > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(size_, bytes.size());
    const ssize_t got =
        ::pread(descriptor_, bytes.data(), count, static_cast<off_t>(size_ - count));
    if (got != static_cast<ssize_t>(count)) return;
    for (std::uint64_t i = count; i > 0; --i, --size_) {
      if (bytes[i - 1] == '\n') return;
    }
  }
}

std::string JsonlFile::first_line() const {
  std::string line;
  std::array<char, 4096> bytes{};
  while (line.size() < size_) {
    const ssize_t got =
        ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(line.size()));
    if (got <= 0) break;
    const std::string_view read(bytes.data(), static_cast<std::size_t>(got));
    line += read.substr(0, read.find('\n'));
    if (read.find('\n') != std::string_view::npos) return line;
  }
  return {};
}

bool JsonlFile::fail(std::string why) {
  last_error_ = std::move(why);
  return false;
}

bool JsonlFile::is_removed() const {
  struct stat facts {};
  return ::fstat(descriptor_, &facts) == 0 && facts.st_nlink == 0;
}

bool JsonlFile::begin_anew() {
  std::error_code ignored;  // the file then cannot be created either
  std::filesystem::create_directories(path_.parent_path(), ignored);
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return fail(std::string("the file was removed, and again: ") + std::strerror(errno));
  }
  ::close(std::exchange(descriptor_, descriptor));
  lock(descriptor_);
  size_ = size_of_file(descriptor_);
  go_to_end_of_line();
  if (size_ > 0) return true;  // an editor's copy, say: the lines are there
  lines_lost_ += std::exchange(lines_written_, 0);
  if (!heading_.empty()) waiting_.push_front(heading_);
  return true;
}

bool JsonlFile::write_now(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data() + written, bytes.size() - written,
                                   static_cast<off_t>(size_ + written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      std::string why = std::strerror(count < 0 ? errno : ENOSPC);
      // Half a line would spoil the next one too. If even this fails, the next line overwrites it.
      if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) {
        why += ", and the rest of the line stays";
      }
      return fail(std::move(why));
    }
    written += static_cast<std::size_t>(count);
  }
  size_ += bytes.size();
  ++lines_written_;
  return true;
}

bool JsonlFile::write_waiting() {
  while (!waiting_.empty()) {
    if (!write_now(waiting_.front())) return false;
    bytes_waiting_ -= std::min<std::uint64_t>(bytes_waiting_, waiting_.front().size());
    waiting_.pop_front();
  }
  return true;
}

bool JsonlFile::write(std::string_view line) {
  const bool removed = is_removed();
  if ((!removed || begin_anew()) && write_waiting() && write_now(line)) {
    if (!removed) return true;
    return fail("the file was removed; it was begun anew");
  }
  if (bytes_waiting_ + line.size() > most_bytes_waiting) {
    ++lines_lost_;
  } else {
    bytes_waiting_ += line.size();
    waiting_.emplace_back(line);
  }
  return false;
}

bool JsonlFile::sync() { return write_waiting() && ::fdatasync(descriptor_) == 0; }

}  // namespace livecca
