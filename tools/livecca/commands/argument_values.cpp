#include "commands/argument_values.hpp"

#include <charconv>
#include <limits>

#include "common/enum_names.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"

namespace livecca::tool {
namespace {

/// NaN where the text is no number, or one outside of [0, 1].
double unit_number(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const bool fits = error == std::errc() && stop == end && value >= 0 && value <= 1;
  return fits ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void wrong_value(const std::string& option, const std::string& expected, const std::string& got) {
  throw UsageError(option + ": expected " + expected + ", got '" + got + "'");
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

double share(const std::string& option, const std::string& text) {
  const double value = unit_number(text);
  if (!(value > 0)) wrong_value(option, "a share above 0 and at most 1", text);
  return value;
}

double share_or_none(const std::string& option, const std::string& text) {
  const double value = unit_number(text);
  if (!(value >= 0)) wrong_value(option, "a number from 0 to 1", text);
  return value;
}

Precision precision_of(const std::string& text) {
  const auto precision = enum_named<Precision>(text);
  if (!precision) wrong_value("--precision", enum_names<Precision>(), text);
  return *precision;
}

std::size_t blocks_of(const std::string& text) {
  const std::string expected = "a number of " + std::to_string(fewest_error_blocks) + " or more";
  const std::size_t blocks = positive_number("--standard-errors", expected, text);
  if (blocks < fewest_error_blocks) wrong_value("--standard-errors", expected, text);
  return blocks;
}

std::string measure_names() {
  std::string names;
  for (const MeasureInfo& measure : measures()) {
    names += (names.empty() ? "" : ",") + std::string(measure.name);
  }
  return names;
}

std::string measure_names_in_lines() {
  constexpr std::size_t longest = 68;
  std::string text;
  std::size_t begin = 0;
  for (const MeasureInfo& measure : measures()) {
    if (!text.empty()) text += ",";
    if (text.size() - begin + measure.name.size() > longest) {
      text += "\n";
      begin = text.size();
    }
    text += measure.name;
  }
  return text;
}

std::vector<std::string> parts_of(const std::vector<std::string>& lists) {
  std::vector<std::string> parts;
  for (const std::string& list : lists) {
    std::size_t first = 0;
    for (std::size_t comma = 0; comma != std::string::npos; first = comma + 1) {
      comma = list.find(',', first);
      parts.push_back(list.substr(first, comma - first));
    }
  }
  return parts;
}

Option::Take into(std::string& text) {
  return [&text](const std::vector<std::string>& values) { text = values.front(); };
}

Option::Take into(std::vector<std::string>& texts) {
  return [&texts](const std::vector<std::string>& values) { texts = values; };
}

Option::Take into(bool& is_given) {
  return [&is_given](const std::vector<std::string>&) { is_given = true; };
}

Option::Take one(std::function<void(const std::string&)> take) {
  return [take = std::move(take)](const std::vector<std::string>& values) { take(values.front()); };
}

}  // namespace livecca::tool
