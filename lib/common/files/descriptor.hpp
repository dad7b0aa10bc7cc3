#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace livecca {

/// An open file of the operating system, closed with this object.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }
  /// The open file is now the caller's to close.
  int release() { return std::exchange(number_, -1); }
  /// False, with errno set, if the system could not keep what was written. It is closed in any
  /// case, also when a signal interrupts it.
  bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0 || errno == EINTR; }

 private:
  int number_ = -1;
};

/// Whether the path leads to another file than the one of these facts, or to none. The count of a
/// file's names does not tell: another link to it may be left.
inline bool lost_its_name(const struct stat& facts, const std::filesystem::path& path) {
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0) return errno == ENOENT || errno == ENOTDIR;
  return named.st_dev != facts.st_dev || named.st_ino != facts.st_ino;
}

}  // namespace livecca
