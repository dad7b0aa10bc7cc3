#include "livecca/monitor/pairing.hpp"

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

bool is_wildcard(char letter) { return letter == '*' || letter == '?'; }

std::string wildcards_of(std::string_view pattern) {
  std::string found;
  for (const char letter : pattern) {
    if (is_wildcard(letter)) found += letter;
  }
  return found;
}

/// Takes the plain beginning of both patterns off both names; false if one does not begin so.
bool skip_plain(std::string_view& pattern, std::string_view& name) {
  while (!pattern.empty() && !is_wildcard(pattern.front())) {
    if (name.empty() || name.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    name.remove_prefix(1);
  }
  return true;
}

/// Whether both names match, with the same text for each wildcard.
bool match(std::string_view x_pattern, std::string_view x, std::string_view y_pattern,
           std::string_view y) {
  if (!skip_plain(x_pattern, x) || !skip_plain(y_pattern, y)) return false;
  if (x_pattern.empty()) return x.empty() && y.empty();
  const bool one = x_pattern.front() == '?';
  x_pattern.remove_prefix(1);
  y_pattern.remove_prefix(1);
  for (std::size_t taken = one ? 1 : 0; taken <= x.size() && taken <= y.size(); ++taken) {
    if (x.substr(0, taken) != y.substr(0, taken)) return false;
    if (match(x_pattern, x.substr(taken), y_pattern, y.substr(taken))) return true;
    if (one) return false;
  }
  return false;
}

}  // namespace

Pairing Pairing::by_patterns(Patterns patterns) {
  for (const auto& [x, y] : patterns) {
    if (wildcards_of(x) == wildcards_of(y)) continue;
    std::string why = "pairing: expected the same wildcards in both patterns, got '";
    throw Error(why.append(x).append("' and '").append(y).append("'"));
  }
  return {Kind::by_patterns, std::move(patterns)};
}

bool Pairing::pairs(std::string_view layer, std::string_view reference_layer) const {
  if (kind_ == Kind::all) return true;
  if (kind_ == Kind::by_name) return layer == reference_layer;
  for (const auto& [x, y] : patterns_) {
    if (match(x, layer, y, reference_layer)) return true;
  }
  return false;
}

std::string Pairing::text() const {
  if (kind_ == Kind::all) return "all with all";
  if (kind_ == Kind::by_name) return "by name";
  std::string text;
  for (const auto& [x, y] : patterns_) {
    text += text.empty() ? "" : ", ";
    text += x + " with ";
    text += y;
  }
  return text;
}

}  // namespace livecca
