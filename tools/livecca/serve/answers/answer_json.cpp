#include "serve/answers/answer_json.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace livecca::tool {

std::string text_of(const AnswerJson& json) {
  return json.dump(-1, ' ', false, AnswerJson::error_handler_t::replace);
}

void append_number(std::string& text, double value) {
  if (!std::isfinite(value)) {
    text += "null";
    return;
  }
  std::array<char, 32> digits{};
  text.append(digits.data(),
              std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_number(std::string& text, std::uint64_t value) {
  std::array<char, 32> digits{};
  text.append(digits.data(),
              std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_text(std::string& text, std::string_view value) { text += text_of(AnswerJson(value)); }

}  // namespace livecca::tool
