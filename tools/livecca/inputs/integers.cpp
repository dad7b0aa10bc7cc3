#include "inputs/integers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace livecca::tool {
namespace {

template <typename Integer>
void convert_integers(const std::byte* from, bool swapped, std::size_t count, std::byte* to) {
  for (std::size_t i = 0; i < count; ++i, from += sizeof(Integer), to += sizeof(double)) {
    std::array<std::byte, sizeof(Integer)> raw;
    std::copy_n(from, raw.size(), raw.begin());
    if (swapped) std::ranges::reverse(raw);
    Integer integer;
    std::memcpy(&integer, raw.data(), raw.size());
    const auto value = static_cast<double>(integer);
    std::memcpy(to, &value, sizeof(value));
  }
}

/// Calls the function above for 1, 2, 4 or 8 bytes.
template <typename One, typename Two, typename Four, typename Eight>
void convert_of_size(std::size_t bytes, const std::byte* from, bool swapped, std::size_t count,
                     std::byte* to) {
  if (bytes == 1) return convert_integers<One>(from, swapped, count, to);
  if (bytes == 2) return convert_integers<Two>(from, swapped, count, to);
  if (bytes == 4) return convert_integers<Four>(from, swapped, count, to);
  convert_integers<Eight>(from, swapped, count, to);
}

}  // namespace

void integers_to_float64(const IntegerType& type, const std::byte* from, std::size_t count,
                         std::byte* to) {
  if (type.is_signed) {
    return convert_of_size<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(
        type.bytes, from, type.swapped, count, to);
  }
  convert_of_size<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(
      type.bytes, from, type.swapped, count, to);
}

}  // namespace livecca::tool
