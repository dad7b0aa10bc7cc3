#include "sinks/prometheus/exposition.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "common/utf8.hpp"

namespace livecca {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escaped(std::string_view value, std::string& text) {
  for (const char letter : valid_utf8(value)) {
    if (letter == '\0') {
      text += replacement;
    } else if (letter == '\n') {
      text += "\\n";
    } else if (letter == '\\' || letter == '"') {
      text += '\\';
      text += letter;
    } else {
      text += letter;
    }
  }
}

template <typename Number>
std::string text_of(Number value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

}  // namespace

Labels& Labels::with(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  if (!text_.empty()) text_ += ',';
  text_ += name;
  text_ += "=\"";
  append_escaped(value, text_);
  text_ += '"';
  return *this;
}

void SeriesGroup::set(Metric metric, const Labels& labels, double value) {
  if (std::isfinite(value)) {
    series_[metric][labels.text()] = text_of(value);
  } else if (const auto place = series_.find(metric); place != series_.end()) {
    place->second.erase(labels.text());
  }
}

void SeriesGroup::set_count(Metric metric, const Labels& labels, std::uint64_t value) {
  series_[metric][labels.text()] = text_of(value);
}

const std::map<std::string, std::string>* SeriesGroup::series(Metric metric) const {
  const auto place = series_.find(metric);
  return place == series_.end() || place->second.empty() ? nullptr : &place->second;
}

std::string exposition(std::span<const SeriesGroup* const> groups) {
  std::string page;
  for (const MetricFacts& facts : all_metrics) {
    bool is_named = false;
    for (const SeriesGroup* group : groups) {
      const auto* series = group->series(facts.metric);
      if (series == nullptr) continue;
      if (!std::exchange(is_named, true)) {
        page.append("# HELP ").append(facts.name).append(" ").append(facts.help).append("\n");
        page.append("# TYPE ").append(facts.name).append(" ").append(facts.type).append("\n");
      }
      for (const auto& [labels, value] : *series) {
        page.append(facts.name).append(labels).append(" ").append(value).append("\n");
      }
    }
  }
  return page;
}

}  // namespace livecca
