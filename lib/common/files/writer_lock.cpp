#include "common/files/writer_lock.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <vector>

#include "common/files/uninterrupted.hpp"

namespace livecca {
namespace {

struct LockedDescriptors {
  std::mutex mutex;
  std::vector<int> numbers;
};

// A child of fork() shares the open file, and with it the lock, which would outlive the parent. It
// may not use the descriptor anyway; leading to nowhere, nobody's next file gets its number.
void lead_to_nowhere(const std::vector<int>& descriptors) {
  if (descriptors.empty()) return;
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int descriptor : descriptors) {
    if (nowhere < 0 || ::dup3(nowhere, descriptor, O_CLOEXEC) < 0) ::close(descriptor);
  }
  if (nowhere >= 0) ::close(nowhere);
}

LockedDescriptors& locked_descriptors() {
  // Never destroyed: a process may fork while it ends.
  static LockedDescriptors& all = [&]() -> LockedDescriptors& {
    auto* const made = new LockedDescriptors;
    ::pthread_atfork([] { locked_descriptors().mutex.lock(); },
                     [] { locked_descriptors().mutex.unlock(); },
                     [] {
                       lead_to_nowhere(locked_descriptors().numbers);
                       locked_descriptors().numbers.clear();
                       locked_descriptors().mutex.unlock();
                     });
    return *made;
  }();
  return all;
}

}  // namespace

bool lock_for_writing(int descriptor) {
  LockedDescriptors& all = locked_descriptors();
  const std::lock_guard lock(all.mutex);
  // Before the lock is taken: without memory there is none to be lost.
  all.numbers.reserve(all.numbers.size() + 1);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  const int taken = uninterrupted([&] { return ::fcntl(descriptor, F_OFD_SETLK, &whole); });
  if (taken < 0 && (errno == EACCES || errno == EAGAIN)) return false;
  all.numbers.push_back(descriptor);
  return true;
}

void close_locked(int descriptor) {
  LockedDescriptors& all = locked_descriptors();
  const std::lock_guard lock(all.mutex);
  std::erase(all.numbers, descriptor);
  ::close(descriptor);
}

}  // namespace livecca
