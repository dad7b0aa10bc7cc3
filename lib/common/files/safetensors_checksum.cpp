#include "common/files/safetensors_checksum.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "common/crc32c.hpp"
#include "common/hexadecimal.hpp"

namespace livecca {
namespace {

constexpr std::string_view checksum_before = "\"checksum\":\"crc32c:";
constexpr std::size_t checksum_digits = 8;
constexpr std::size_t bytes_checked_at_once = std::size_t{1} << 20U;

}  // namespace

std::optional<std::size_t> find_checksum_digits(std::string_view text) {
  const std::size_t place = text.find(checksum_before);
  if (place == std::string_view::npos) return std::nullopt;
  const std::size_t digits = place + checksum_before.size();
  if (digits + checksum_digits > text.size()) return std::nullopt;
  const std::string_view stated = text.substr(digits, checksum_digits);
  if (stated.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  if (text.find(checksum_before, digits) != std::string_view::npos) return std::nullopt;
  return digits;
}

Result<void> check_checksum(const InputFile& file, const SafetensorsHeaderInFile& header) {
  const auto fail = [&](const std::string& reason) {
    return Failure{file.path().string() + ": " + reason};
  };
  const auto digits = find_checksum_digits(header.text);
  if (!digits) return fail("expected a checksum in the header, got none");
  std::string text = header.text;
  const std::string stated = text.substr(*digits, checksum_digits);
  text.replace(*digits, checksum_digits, checksum_digits, '0');
  std::uint32_t checksum = crc32c(std::as_bytes(std::span<const char>(text)));
  std::vector<std::byte> buffer;
  for (std::uint64_t at = header.header.data_begin; at < file.size(); at += buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(bytes_checked_at_once, file.size() - at));
    if (auto bytes = file.read(at, buffer); !bytes) return bytes;
    checksum = crc32c(buffer, checksum);
  }
  if (hexadecimal(checksum) == stated) return {};
  return fail("expected contents of checksum " + stated + ", got " + hexadecimal(checksum) +
              ": the file was changed or damaged");
}

}  // namespace livecca
