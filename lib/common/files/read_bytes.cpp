#include "common/files/read_bytes.hpp"

#include <unistd.h>

#include "common/files/uninterrupted.hpp"

namespace livecca {

std::optional<std::size_t> read_at(int descriptor, std::span<std::byte> into, std::uint64_t at) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = uninterrupted([&] {
      return ::pread(descriptor, into.data() + done, into.size() - done,
                     static_cast<off_t>(at + done));
    });
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

}  // namespace livecca
