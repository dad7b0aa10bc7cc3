#include "safetensors_bytes.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>

#include "common/crc32c.hpp"

namespace livecca_fuzz {
namespace {

constexpr std::size_t length_bytes = 8;
constexpr std::string_view checksum_before = "\"checksum\":\"crc32c:";
constexpr std::size_t checksum_digits = 8;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span<const char>(text));
}

}  // namespace

std::optional<FileParts> take_apart(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < length_bytes) return std::nullopt;
  std::memcpy(&length, bytes.data(), length_bytes);
  if (length > bytes.size() - length_bytes) return std::nullopt;
  return FileParts{std::string(bytes.substr(length_bytes, length)),
                   std::string(bytes.substr(length_bytes + length))};
}

std::string put_together(const FileParts& parts) {
  const std::uint64_t length = parts.header.size();
  std::string bytes(length_bytes, '\0');
  std::memcpy(bytes.data(), &length, length_bytes);
  return bytes + parts.header + parts.data;
}

std::optional<std::string> with_right_checksum(std::string_view bytes) {
  auto parts = take_apart(bytes);
  if (!parts) return std::nullopt;
  const std::size_t place = parts->header.find(checksum_before);
  if (place == std::string::npos) return std::nullopt;
  const std::size_t digits = place + checksum_before.size();
  if (digits + checksum_digits > parts->header.size()) return std::nullopt;
  parts->header.replace(digits, checksum_digits, checksum_digits, '0');
  std::array<char, checksum_digits + 1> text{};
  std::snprintf(text.data(), text.size(), "%08x",
                livecca::crc32c(bytes_of(parts->data), livecca::crc32c(bytes_of(parts->header))));
  parts->header.replace(digits, checksum_digits, text.data());
  return put_together(*parts);
}

void as_it_is_and_corrected(std::string_view bytes,
                            const std::function<void(const std::string&)>& try_file) {
  const std::string as_it_is(bytes);
  try_file(as_it_is);
  const auto corrected = with_right_checksum(as_it_is);
  if (corrected && *corrected != as_it_is) try_file(*corrected);
}

}  // namespace livecca_fuzz
