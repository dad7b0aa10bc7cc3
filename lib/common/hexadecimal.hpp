#pragma once

#include <concepts>
#include <string>

namespace livecca {

/// All digits of the type, lower case: 8 of a std::uint32_t.
template <std::unsigned_integral Number>
std::string hexadecimal(Number value) {
  std::string digits(2 * sizeof(Number), '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    *digit = "0123456789abcdef"[value & 0xFU];
    value >>= 4U;
  }
  return digits;
}

}  // namespace livecca
