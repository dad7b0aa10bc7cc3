#include "sinks/line_checksum.hpp"

#include <cstdint>
#include <span>

#include "common/crc32c.hpp"
#include "common/hexadecimal.hpp"

namespace livecca {
namespace {

constexpr std::string_view before_digits = R"(,"checksum":"crc32c:)";
constexpr std::string_view behind_digits = R"("})";
constexpr std::size_t ending_bytes =
    before_digits.size() + 2 * sizeof(std::uint32_t) + behind_digits.size();

std::string ending_of(std::string_view fields) {
  return std::string(before_digits) + hexadecimal(crc32c(std::as_bytes(std::span(fields)))) +
         std::string(behind_digits);
}

}  // namespace

std::string with_checksum(std::string line) {
  line.pop_back();
  line += ending_of(line);
  return line;
}

bool has_checksum(std::string_view line) {
  return line.size() >= ending_bytes &&
         line.substr(line.size() - ending_bytes).starts_with(before_digits);
}

bool is_damaged(std::string_view line) {
  if (!has_checksum(line)) return false;
  const auto fields = line.substr(0, line.size() - ending_bytes);
  return line.substr(fields.size()) != ending_of(fields);
}

}  // namespace livecca
