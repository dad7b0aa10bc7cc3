#include "common/files/write_bytes.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "common/files/uninterrupted.hpp"

namespace livecca {

bool write_all(int descriptor, std::span<const std::byte> bytes, std::uint64_t at) {
  constexpr auto furthest = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  if (at > furthest || bytes.size() > furthest - at) {
    errno = EFBIG;
    return false;
  }
  while (!bytes.empty()) {
    const ssize_t count = uninterrupted(
        [&] { return ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at)); });
    if (count <= 0) {
      if (count == 0) errno = ENOSPC;
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
  return true;
}

std::string append_or_cut_back(int descriptor, std::uint64_t size, std::string_view bytes,
                               std::string_view what_stays) {
  if (write_all(descriptor, std::as_bytes(std::span(bytes)), size)) return {};
  const int reason = errno;
  // Before the reason is put into words: there may be no memory for them.
  const int cut = uninterrupted([&] { return ::ftruncate(descriptor, static_cast<off_t>(size)); });
  std::string why = std::strerror(reason);
  if (cut != 0) why += what_stays;
  return why;
}

}  // namespace livecca
