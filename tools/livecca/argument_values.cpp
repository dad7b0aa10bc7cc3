#include "argument_values.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

namespace livecca::tool {

void wrong_value(const std::string& option, const std::string& expected, const std::string& got) {
  throw CLI::ValidationError(option, "expected " + expected + ", got '" + got + "'");
}

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

std::size_t positive_number(const std::string& option, const std::string& expected,
                            const std::string& text) {
  const auto value = number_of(text);
  if (value.value_or(0) == 0) wrong_value(option, expected, text);
  return *value;
}

}  // namespace livecca::tool
