#include "livecca/sinks/jsonl_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "common/files/descriptor.hpp"
#include "common/files/read_bytes.hpp"
#include "common/files/uninterrupted.hpp"
#include "common/files/write_bytes.hpp"
#include "common/files/writer_lock.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

constexpr std::uint64_t most_bytes_waiting = std::uint64_t{8} << 20U;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& expected,
                         const char* got) {
  throw Error(path.string() + ": expected to " + expected + ", got: " + got);
}

/// Nothing, with errno set, if the system does not tell.
std::optional<std::uint64_t> size_of_file(int descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(facts.st_size);
}

/// As far as the file goes. Nothing, with errno set, if it cannot be read.
std::optional<bool> begins_with(int descriptor, std::string_view line) {
  const std::string expected = std::string(line) + '\n';
  std::string there(expected.size(), '\0');
  const auto read = read_at(descriptor, std::as_writable_bytes(std::span(there)), 0);
  if (!read) return std::nullopt;
  return expected.starts_with(std::string_view(there).substr(0, *read));
}

bool set_size(int descriptor, std::uint64_t size) {
  return uninterrupted([&] { return ::ftruncate(descriptor, static_cast<off_t>(size)); }) == 0;
}

}  // namespace

JsonlFile::JsonlFile(std::filesystem::path path, bool is_new)
    : path_(std::move(path)), descriptor_(-1), process_(::getpid()) {
  const char* const expected = is_new ? "create this file" : "go on with this file";
  Descriptor file(uninterrupted([&] {
    return ::open(path_.c_str(), O_RDWR | O_CLOEXEC | (is_new ? O_CREAT | O_EXCL : 0), 0644);
  }));
  if (!file.is_open()) refuse(path_, expected, std::strerror(errno));
  if (!lock_for_writing(file.number())) {
    refuse(path_, "be the only one to write this file",
           "another process or monitor that writes it");
  }
  descriptor_ = file.release();
  const auto size = size_of_file(descriptor_);
  if (!size) {
    const int reason = errno;
    close_locked(descriptor_);
    refuse(path_, expected, std::strerror(reason));
  }
  size_ = *size;
}

bool JsonlFile::take_up(std::string first_line) {
  const auto is_own = begins_with(descriptor_, first_line);
  if (!is_own) refuse(path_, "read this file's first line", std::strerror(errno));
  if (!*is_own) return false;
  first_line_ = std::move(first_line);
  return true;
}

void JsonlFile::cut(std::uint64_t size) {
  const auto end = end_of_line_before(std::min(size, size_));
  if (!end) refuse(path_, "read where this file's lines end", std::strerror(errno));
  if (!set_size(descriptor_, *end)) refuse(path_, "cut this file", std::strerror(errno));
  size_ = *end;
  if (size_ == 0) begin_again();
}

JsonlFile::~JsonlFile() {
  try {
    if (!waiting_.empty() && mend(find_damage())) write_waiting();
  } catch (...) {
    // No memory for the waiting lines. Nobody can be told any more.
  }
  close_locked(descriptor_);
}

/// The beginning of the line that has the byte at `offset`, or is to have it. Nothing, with errno
/// set, if the file cannot be read.
std::optional<std::uint64_t> JsonlFile::end_of_line_before(std::uint64_t offset) const {
  std::array<char, 4096> bytes{};
  while (offset > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(offset, bytes.size());
    const auto block = std::span(bytes).first(count);
    const auto read = read_at(descriptor_, std::as_writable_bytes(block), offset - count);
    if (read && *read < count) errno = EIO;  // it is being shortened
    if (!read || *read < count) return std::nullopt;
    for (std::uint64_t i = count; i > 0; --i, --offset) {
      if (bytes[i - 1] == '\n') return offset;
    }
  }
  return offset;
}

std::string JsonlFile::last_line() const {
  if (size_ == 0) return {};
  const auto begin = end_of_line_before(size_ - 1);
  std::string line(begin ? size_ - 1 - *begin : 0, '\0');
  const auto bytes = std::as_writable_bytes(std::span(line));
  const auto read = begin ? read_at(descriptor_, bytes, *begin) : std::nullopt;
  if (!read) refuse(path_, "read this file's last line", std::strerror(errno));
  line.resize(*read);
  return line;
}

bool JsonlFile::fail(std::string why) {
  last_error_ = std::move(why);
  return false;
}

JsonlFile::Damage JsonlFile::find_damage() const {
  struct stat facts {};
  if (::fstat(descriptor_, &facts) != 0) return Damage::none;  // writing will tell
  if (lost_its_name(facts, path_)) return Damage::removed;
  const auto bytes = static_cast<std::uint64_t>(facts.st_size);
  if (bytes < size_) return Damage::shortened;
  return bytes > std::max(size_, rest_end_) ? Damage::appended : Damage::none;
}

bool JsonlFile::open_again() {
  // Its descriptor leads to nowhere, which looks like a file that was removed.
  if (::getpid() != process_) return fail("a child of fork() does not write its parent's file");
  std::error_code ignored;  // the file then cannot be created either
  std::filesystem::create_directories(path_.parent_path(), ignored);
  Descriptor file(
      uninterrupted([&] { return ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); }));
  if (!file.is_open()) {
    return fail(std::string("the file was removed, and again: ") + std::strerror(errno));
  }
  const auto is_own =
      first_line_.empty() ? std::optional(true) : begins_with(file.number(), first_line_);
  if (!is_own) {
    return fail(std::string("the file was replaced, and again: ") + std::strerror(errno));
  }
  if (!*is_own || !lock_for_writing(file.number())) {
    return fail("the file was removed, and another run's is in its place");
  }
  close_locked(std::exchange(descriptor_, file.release()));
  return true;
}

bool JsonlFile::mend(Damage damage) {
  if (damage == Damage::none) return true;
  if (damage == Damage::removed && !open_again()) return false;
  const auto size = size_of_file(descriptor_);
  const auto end = size ? end_of_line_before(*size) : std::nullopt;
  // What cannot be read is not cut: it is tried again at the next line.
  if (!end) return fail(std::string("the end of the file cannot be read: ") + std::strerror(errno));
  if (damage == Damage::appended) return keep_appended(*size, *end);
  if (!set_size(descriptor_, *end)) return fail(std::strerror(errno));
  to_tell_ = damage == Damage::removed ? "the file was removed; it was begun anew"
                                       : "the file was shortened by another; lines are gone";
  size_ = *end;
  if (size_ > 0) return true;  // an editor's copy, say: the lines are there
  lines_lost_ += std::exchange(lines_written_, 0);
  begin_again();
  return true;
}

bool JsonlFile::keep_appended(std::uint64_t size, std::uint64_t end_of_lines) {
  const auto line_feed = std::as_bytes(std::span("\n", 1));
  const bool is_whole = end_of_lines == size;
  if (!is_whole && !write_all(descriptor_, line_feed, size)) return fail(std::strerror(errno));
  size_ = is_whole ? size : size + 1;
  to_tell_ = "lines that another appended to the file; they stay";
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
  if (!why.empty()) {
    rest_end_ = size_of_file(descriptor_).value_or(rest_end_);
    return fail(std::move(why));
  }
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
  if (mend(find_damage()) && write_waiting() && write_now(line)) {
    return to_tell_.empty() || fail(std::exchange(to_tell_, {}));
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
  const Damage damage = find_damage();
  // The next line mends it, and is told of it.
  if (damage == Damage::removed || damage == Damage::shortened) {
    return fail("the file was removed or shortened by another");
  }
  if (!mend(damage) || !write_waiting()) return false;
  if (uninterrupted([&] { return ::fdatasync(descriptor_); }) == 0) return true;
  return fail(std::strerror(errno));
}

}  // namespace livecca
