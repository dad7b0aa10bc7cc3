#include "text/output_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <sstream>

namespace livecca::tool {
namespace {

using Json = nlohmann::ordered_json;

bool begins_character(char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U; }

/// Where the character of this number begins; the end if there are fewer.
std::size_t place_of(const std::string& text, std::size_t character) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && character-- == 0) return i;
  }
  return text.size();
}

}  // namespace

std::string number_text(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.4f", *value);
  return text;
}

std::string marked_number(std::optional<double> value, bool is_like_unrelated) {
  return number_text(value) + (is_like_unrelated ? unrelated_mark : "");
}

std::string count_text(double value) {
  if (value == std::floor(value)) return std::to_string(static_cast<std::uint64_t>(value));
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", value);
  return text;
}

std::string about_text(double count) {
  const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(std::max(1.0, count))) - 1));
  std::string digits = std::to_string(static_cast<std::uint64_t>(std::ceil(count / unit) * unit));
  for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, ",");
  return digits;
}

Json count_json(double value) {
  return value == std::floor(value) ? Json(static_cast<std::uint64_t>(value)) : Json(value);
}

Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

std::string shown_name(std::string name) {
  for (char& letter : name) {
    if (static_cast<unsigned char>(letter) < ' ' || letter == '\x7f') letter = ' ';
  }
  return name;
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string cut_end(const std::string& text, std::size_t width) {
  if (width_of(text) <= width || width == 0) return text;
  return text.substr(0, place_of(text, width - 1)) + "…";
}

std::string cut_begin(const std::string& text, std::size_t width) {
  const std::size_t characters = width_of(text);
  if (characters <= width || width == 0) return text;
  return "…" + text.substr(place_of(text, characters - width + 1));
}

std::string wrapped(const std::string& text, std::size_t width) {
  std::istringstream words(text);
  std::string lines;
  std::size_t at = 0;
  for (std::string word; words >> word;) {
    const std::size_t needs = width_of(word) + 1;
    if (at > 0 && at + needs > width) {
      lines += "\n  ";
      at = 2;
    } else if (at > 0) {
      lines += " ";
      ++at;
    }
    lines += word;
    at += needs - 1;
  }
  return lines + "\n";
}

std::string some_of(const std::vector<std::string>& names, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
    text += (i == 0 ? "" : ", ") + shown_name(names[i]);
  }
  if (names.size() <= most) return text;
  return text + " and " + std::to_string(names.size() - most) + " more";
}

std::string TextTable::text() const {
  if (rows_.empty()) return "";
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns);
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string room(widths[c] - width_of(row[c]), ' ');
      const bool to_the_left = c == 0 || (last_to_the_left_ && c + 1 == columns);
      text += (c == 0 ? "" : "  ") + (to_the_left ? row[c] + room : room + row[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace livecca::tool
