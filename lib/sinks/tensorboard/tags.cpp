#include "sinks/tensorboard/tags.hpp"

#include <algorithm>
#include <string_view>

#include "common/utf8.hpp"
#include "sinks/tensorboard/run_names.hpp"

namespace livecca {
namespace {

std::string escaped(const std::string& name, std::string_view special) {
  if (name.empty()) return "%empty";
  std::string part;
  for (const char character : valid_utf8(name)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte != 0x7F && special.find(character) == std::string_view::npos) {
      part += character;
    } else {
      part += percent_encoded(character);
    }
  }
  return part;
}

/// Of ASCII, whatever the process's locale.
bool is_word(char character) {
  return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
         (character >= 'A' && character <= 'Z');
}

}  // namespace

std::string percent_encoded(char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return {'%', digits[value >> 4U], digits[value & 15U]};
}

std::string tag_part(const std::string& name) { return escaped(name, "%~/"); }

std::string last_tag_part(const std::string& name) { return escaped(name, "%~"); }

std::size_t MeasureNumbers::place_of(const std::string& measure) const {
  const auto found = std::ranges::find_if(names_, [&](const std::string& name) {
    return measure == name || measure == name + "_distance" || measure == name + "_similarity";
  });
  return static_cast<std::size_t>(found - names_.begin());
}

void MeasureNumbers::add(const std::string& measure) {
  if (place_of(measure) == names_.size()) names_.push_back(measure);
}

std::string MeasureNumbers::numbered(const std::string& measure) const {
  return std::to_string(place_of(measure) + 1) + ' ' + measure;
}

std::string card_group(Stream stream, const std::string& what) {
  return (stream == Stream::train ? "train: " : "") + tag_part(what) + '/';
}

PairPlace place_of_pair(const std::string& reference, const std::string& layer,
                        const std::string& reference_layer, bool pairs_all_with_all) {
  if (!pairs_all_with_all) return {layer_run(layer, reference_layer), tag_part(reference)};
  PairPlace place{layer_run(layer, layer), tag_part(reference)};
  if (reference_layer != layer) place.card += '~' + last_tag_part(reference_layer);
  return place;
}

std::string markdown_of(const std::string& text) {
  std::string result;
  const std::string valid = valid_utf8(text);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char character = valid[i];
    const bool in_word =
        i > 0 && i + 1 < valid.size() && is_word(valid[i - 1]) && is_word(valid[i + 1]);
    // What begins a list, a heading or a rule does so only at the beginning.
    const bool begins = i == 0 && std::string_view("#+-=~").find(character) != std::string::npos;
    const bool ends_number =
        character == '.' && result.find_first_not_of("0123456789") == std::string::npos;
    if (static_cast<unsigned char>(character) < 0x20) {
      result += ' ';
    } else if (character == '&') {
      result += "&amp;";
    } else if (character == '<') {
      result += "&lt;";
    } else if (character == '>') {
      result += "&gt;";
    } else {
      const bool is_special = std::string_view("\\`*[]").find(character) != std::string::npos;
      if (is_special || begins || ends_number || (character == '_' && !in_word)) result += '\\';
      result += character;
    }
  }
  return result;
}

}  // namespace livecca
