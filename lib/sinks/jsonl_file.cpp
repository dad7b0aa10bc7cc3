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

#include "common/write_bytes.hpp"
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

/// As far as the file goes.
bool begins_with(int descriptor, std::string_view line) {
  const std::string expected = std::string(line) + '\n';
  std::string there(std::min<std::uint64_t>(size_of_file(descriptor), expected.size()), '\0');
  const ssize_t got = ::pread(descriptor, there.data(), there.size(), 0);
  return got == static_cast<ssize_t>(there.size()) && expected.starts_with(there);
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

bool JsonlFile::take_up(std::string first_line) {
  if (!begins_with(descriptor_, first_line)) return false;
  first_line_ = std::move(first_line);
  return true;
}

void JsonlFile::cut(std::uint64_t size) {
  size_ = end_of_line_before(std::min(size, size_));
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) {
    refuse(path_, "cut this file", std::strerror(errno));
  }
  if (size_ == 0) begin_again();
}

JsonlFile::~JsonlFile() {
  if (!waiting_.empty() && mend(find_damage())) write_waiting();
  ::close(descriptor_);
}

/// The beginning of the line that has the byte at `offset`, or is to have it.
std::uint64_t JsonlFile::end_of_line_before(std::uint64_t offset) const {
  std::array<char, 4096> bytes{};
  while (offset > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(offset, bytes.size());
    const ssize_t got =
        ::pread(descriptor_, bytes.data(), count, static_cast<off_t>(offset - count));
    if (got != static_cast<ssize_t>(count)) break;
    for (std::uint64_t i = count; i > 0; --i, --offset) {
      if (bytes[i - 1] == '\n') return offset;
    }
  }
  return offset;
}

std::string JsonlFile::last_line() const {
  if (size_ == 0) return {};
  const std::uint64_t begin = end_of_line_before(size_ - 1);
  std::string line(size_ - 1 - begin, '\0');
  const ssize_t got = ::pread(descriptor_, line.data(), line.size(), static_cast<off_t>(begin));
  return got == static_cast<ssize_t>(line.size()) ? line : std::string();
}

bool JsonlFile::fail(std::string why) {
  last_error_ = std::move(why);
  return false;
}

JsonlFile::Damage JsonlFile::find_damage() const {
  struct stat facts {};
  if (::fstat(descriptor_, &facts) != 0) return Damage::none;  // writing will tell
  if (facts.st_nlink == 0) return Damage::removed;
  return static_cast<std::uint64_t>(facts.st_size) < size_ ? Damage::shortened : Damage::none;
}

bool JsonlFile::open_again() {
  std::error_code ignored;  // the file then cannot be created either
  std::filesystem::create_directories(path_.parent_path(), ignored);
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return fail(std::string("the file was removed, and again: ") + std::strerror(errno));
  }
  const bool is_own = first_line_.empty() || begins_with(descriptor, first_line_);
  if (!is_own || !lock(descriptor)) {
    ::close(descriptor);
    return fail("the file was removed, and another run's is in its place");
  }
  ::close(std::exchange(descriptor_, descriptor));
  return true;
}

bool JsonlFile::mend(Damage damage) {
  if (damage == Damage::none) return true;
  if (damage == Damage::removed && !open_again()) return false;
  const std::uint64_t end = end_of_line_before(size_of_file(descriptor_));
  if (::ftruncate(descriptor_, static_cast<off_t>(end)) != 0) return fail(std::strerror(errno));
  size_ = end;
  if (size_ > 0) return true;  // an editor's copy, say: the lines are there
  lines_lost_ += std::exchange(lines_written_, 0);
  begin_again();
  return true;
}

void JsonlFile::begin_again() {
  if (!waiting_.empty() && waiting_.front() == first_line_) return;
  if (!heading_.empty()) waiting_.push_front(heading_);
  if (!first_line_.empty()) waiting_.push_front(first_line_);
}

bool JsonlFile::write_now(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  // Before anything is written: without memory for it nothing is.
  std::string first_line(size_ == 0 && first_line_.empty() ? line : std::string_view());
  // Half a line would spoil the next one too.
  std::string why =
      append_or_cut_back(descriptor_, size_, bytes, ", and the rest of the line stays");
  if (!why.empty()) return fail(std::move(why));
  if (size_ > 0) ++lines_written_;  // the first cannot be lost: a file begun anew has it
  if (!first_line.empty()) first_line_.swap(first_line);
  size_ += bytes.size();
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
  const Damage damage = find_damage();
  if (mend(damage) && write_waiting() && write_now(line)) {
    if (damage == Damage::none) return true;
    return fail(damage == Damage::removed ? "the file was removed; it was begun anew"
                                          : "the file was shortened by another; lines are gone");
  }
  if (bytes_waiting_ + line.size() > most_bytes_waiting) {
    ++lines_lost_;
  } else {
    waiting_.emplace_back(line);
    bytes_waiting_ += line.size();
  }
  return false;
}

bool JsonlFile::sync() {
  // The next line mends it, and is told of it.
  if (find_damage() != Damage::none) return fail("the file was removed or shortened by another");
  return write_waiting() && ::fdatasync(descriptor_) == 0;
}

}  // namespace livecca
