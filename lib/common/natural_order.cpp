#include "common/natural_order.hpp"

#include <string_view>

namespace livecca {
namespace {

bool is_ascii_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// The digits from `place` on, without leading zeros; moves `place` behind them.
std::string_view digits_at(const std::string& text, std::size_t& place) {
  while (place < text.size() && text[place] == '0') ++place;
  const std::size_t begin = place;
  while (place < text.size() && is_ascii_digit(text[place])) ++place;
  return std::string_view(text).substr(begin, place - begin);
}

}  // namespace

bool comes_before_naturally(const std::string& a, const std::string& b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_ascii_digit(a[i]) && is_ascii_digit(b[j])) {
      const std::string_view x = digits_at(a, i);
      const std::string_view y = digits_at(b, j);
      if (x != y) return x.size() != y.size() ? x.size() < y.size() : x < y;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i;
      ++j;
    }
  }
  // What is equal as far as it goes: the shorter first, and 7 apart from 07.
  return a.size() - i != b.size() - j ? i == a.size() : a < b;
}

}  // namespace livecca
