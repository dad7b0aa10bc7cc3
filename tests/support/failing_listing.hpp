#pragma once

#include <dirent.h>
#include <dlfcn.h>

#include <cerrno>

// Takes the place of the system's readdir() in the whole executable.

namespace livecca_tests {

/// While this object lives, this thread can list folders only up to so many entries, "." and ".."
/// counted; then the disk fails.
class FailingListing {
 public:
  explicit FailingListing(int entries) { left() = entries; }
  ~FailingListing() { left() = -1; }
  FailingListing(const FailingListing&) = delete;
  FailingListing& operator=(const FailingListing&) = delete;

  /// Below 0: all.
  static int& left() {
    thread_local int entries = -1;
    return entries;
  }
};

template <typename Entry>
Entry* entry_or_failure(const char* function, DIR* folder) {
  if (FailingListing::left() == 0) {
    errno = EIO;
    return nullptr;
  }
  if (FailingListing::left() > 0) --FailingListing::left();
  return reinterpret_cast<Entry* (*)(DIR*)>(::dlsym(RTLD_NEXT, function))(folder);
}

}  // namespace livecca_tests

extern "C" [[gnu::weak, gnu::visibility("default")]] dirent* readdir(DIR* folder) {
  return livecca_tests::entry_or_failure<dirent>("readdir", folder);
}
extern "C" [[gnu::weak, gnu::visibility("default")]] dirent64* readdir64(DIR* folder) {
  return livecca_tests::entry_or_failure<dirent64>("readdir64", folder);
}
