#include "serve/answers/query.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/enum_names.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t longest_shown = 80;

/// The whole text as a number.
template <typename Number>
std::optional<Number> number_in(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || at != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      unsigned char byte = 0;
      if (text.size() - i < 3) return std::nullopt;
      const char* const end = text.data() + i + 3;
      if (std::from_chars(text.data() + i + 1, end, byte, 16).ptr != end) return std::nullopt;
      decoded += static_cast<char>(byte);
      i += 2;
    }
  }
  return decoded;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
  std::string encoded;
  for (const char letter : text) {
    if (plain.find(letter) != std::string_view::npos) {
      encoded += letter;
    } else {
      const auto byte = static_cast<unsigned char>(letter);
      encoded += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
    }
  }
  return encoded;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto name = percent_decoded(part.substr(0, equals));
    const auto value = percent_decoded(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) {
      throw RequestError(400, "query: expected two hexadecimal digits behind each %, got '" +
                                  shown_name(cut_end(std::string(part), longest_shown)) + "'");
    }
    if (!values_.emplace(*name, *value).second) {
      throw RequestError(400, "query: expected '" + shown_name(cut_end(*name, longest_shown)) +
                                  "' once, got it twice");
    }
  }
}

void Query::refuse(const std::string& name, const std::string& expected) const {
  throw RequestError(400, name + ": expected " + expected + ", got '" +
                              shown_name(cut_end(values_.at(name), longest_shown)) + "'");
}

std::optional<std::string> Query::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> Query::number(const std::string& name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto number = number_in<double>(*given);
  if (!number || !std::isfinite(*number)) refuse(name, "a number");
  return number;
}

std::optional<std::uint64_t> Query::count(const std::string& name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto number = number_in<std::uint64_t>(*given);
  if (!number) refuse(name, "a whole number of 0 or more");
  return number;
}

std::optional<std::int64_t> Query::whole(const std::string& name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto number = number_in<std::int64_t>(*given);
  if (!number) refuse(name, "a whole number");
  return number;
}

bool Query::flag(const std::string& name) const {
  const auto given = text(name);
  if (given && *given != "0" && *given != "1") refuse(name, "0 or 1");
  return given == "1";
}

std::optional<Stream> Query::stream(const std::string& name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto stream = enum_named<Stream>(*given);
  if (!stream) refuse(name, enum_names<Stream>());
  return stream;
}

}  // namespace livecca::tool
