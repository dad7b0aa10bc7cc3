#pragma once

#include <cerrno>

namespace livecca {

/// Makes a call of the system again as long as a signal interrupts it. The call returns a number
/// below 0, and sets errno, if it failed.
template <typename Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace livecca
