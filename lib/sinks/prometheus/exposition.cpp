#include "sinks/prometheus/exposition.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace livecca {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_between(std::string_view text, std::size_t at, unsigned low, unsigned high) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= low && byte <= high;
}

/// How many bytes the character at `at` has; 0 if it is not UTF-8 (Unicode 15.0, table 3-7).
std::size_t character_size(std::string_view text, std::size_t at) {
  const unsigned first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_between(text, at + 1, 0x80, 0xBF) ? 2 : 0;
  // The second byte tells overlong forms, surrogates and what lies beyond Unicode.
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  std::size_t size = 0;
  if (first >= 0xE0 && first <= 0xEF) size = 3;
  if (first >= 0xF0 && first <= 0xF4) size = 4;
  if (size == 0 || !is_between(text, at + 1, low, high)) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (!is_between(text, at + i, 0x80, 0xBF)) return 0;
  }
  return size;
}

void append_escaped(std::string_view value, std::string& text) {
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t size = character_size(value, at);
    if (size == 0 || value[at] == '\0') {
      text += replacement;
    } else if (value[at] == '\n') {
      text += "\\n";
    } else if (value[at] == '\\' || value[at] == '"') {
      text += '\\';
      text += value[at];
    } else {
      text += value.substr(at, size);
    }
    at += size == 0 ? 1 : size;
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
