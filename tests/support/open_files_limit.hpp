#pragma once

#include <doctest/doctest.h>
#include <sys/resource.h>

namespace livecca_tests {

/// While it lives, this process may have no more than so many open files.
class OpenFilesLimit {
 public:
  explicit OpenFilesLimit(rlim_t files) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &old_) == 0);
    rlimit low = old_;
    low.rlim_cur = files;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  }
  ~OpenFilesLimit() { ::setrlimit(RLIMIT_NOFILE, &old_); }
  OpenFilesLimit(const OpenFilesLimit&) = delete;
  OpenFilesLimit& operator=(const OpenFilesLimit&) = delete;

 private:
  rlimit old_{};
};

}  // namespace livecca_tests
