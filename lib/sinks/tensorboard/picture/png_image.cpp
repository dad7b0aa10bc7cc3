#include "sinks/tensorboard/picture/png_image.hpp"

#include <zlib.h>

#include <cstddef>
#include <new>
#include <string_view>
#include <vector>

// The format: Portable Network Graphics, second edition (ISO/IEC 15948).

namespace livecca {
namespace {

using namespace std::string_literals;

using Bytes = std::span<const std::uint8_t>;

/// What a row's bytes are: themselves, or their difference from those of the row above.
enum class RowFilter : std::uint8_t { none = 0, up = 2 };

const std::uint8_t* data_of(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

/// The highest byte first, as in all numbers of the format.
std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string chunk(std::string_view type, std::string_view data) {
  const std::string checked = std::string(type).append(data);
  const auto checksum = crc32_z(0, data_of(checked), checked.size());
  return number(static_cast<std::uint32_t>(data.size())) + checked +
         number(static_cast<std::uint32_t>(checksum));
}

/// Heatmaps are boxes, most of whose rows repeat the one above: differences are then nearly all 0.
/// Where boxes begin or end, and where each row has other colours, the bytes themselves compress
/// better.
RowFilter filter_of(Bytes row, Bytes above) {
  std::size_t repeated = 0;
  for (std::size_t i = 0; i < row.size(); ++i) repeated += row[i] == above[i] ? 1 : 0;
  return repeated * 4 > row.size() * 3 ? RowFilter::up : RowFilter::none;
}

std::vector<std::uint8_t> filtered(Bytes pixels, std::size_t row_size) {
  const std::vector<std::uint8_t> zeros(row_size);  // above the first row
  std::vector<std::uint8_t> bytes;
  bytes.reserve(pixels.size() + pixels.size() / row_size);
  Bytes above = zeros;
  for (std::size_t begin = 0; begin < pixels.size(); begin += row_size) {
    const Bytes row = pixels.subspan(begin, row_size);
    const RowFilter filter = filter_of(row, above);
    bytes.push_back(static_cast<std::uint8_t>(filter));
    for (std::size_t i = 0; i < row_size; ++i) {
      const int from = filter == RowFilter::up ? above[i] : 0;
      bytes.push_back(static_cast<std::uint8_t>(row[i] - from));
    }
    above = row;
  }
  return bytes;
}

std::string compressed(Bytes bytes) {
  uLongf size = compressBound(bytes.size());
  std::string result(size, '\0');
  // With this much room, zlib fails only where it gets no memory.
  if (compress2(reinterpret_cast<std::uint8_t*>(result.data()), &size, bytes.data(), bytes.size(),
                Z_DEFAULT_COMPRESSION) != Z_OK) {
    throw std::bad_alloc();
  }
  result.resize(size);
  return result;
}

}  // namespace

PngImage encode_png(unsigned width, unsigned height, std::span<const std::uint8_t> pixels) {
  // 8 bits a sample, red, green and blue; then the only compression and filters that there are, and
  // no interlacing.
  const std::string header = number(width) + number(height) + "\x08\x02\x00\x00\x00"s;
  const std::size_t row_size = std::size_t{width} * 3;
  return {width, height,
          "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) +
              chunk("IDAT", compressed(filtered(pixels, row_size))) + chunk("IEND", "")};
}

}  // namespace livecca
