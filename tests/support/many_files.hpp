#pragma once

#include <sys/resource.h>

#include <algorithm>

namespace livecca_tests {

/// For tests with hundreds of connections, both ends of which are in this process.
inline void allow_many_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::max<rlim_t>(files.rlim_cur, std::min<rlim_t>(files.rlim_max, 4096));
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace livecca_tests
