#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "livecca/common/export.hpp"

namespace livecca {

/// Says which layers of a reference are compared with each layer of the trained network. The
/// network's own earlier states are always compared by the same layer name.
class LIVECCA_EXPORT Pairing {
 public:
  using Patterns = std::vector<std::pair<std::string, std::string>>;

  /// Pairs layers of the same name.
  static Pairing by_name() { return {Kind::by_name, {}}; }
  /// Pairs layers whose names match a pair of patterns: the first for the trained network, the
  /// second for the reference. `*` matches any text and `?` matches one character. Both names must
  /// have the same text in the place of a wildcard. For example, {"conv*", "features.conv*"} pairs
  /// conv1 with features.conv1. Throws Error if the two patterns of a pair do not have the same
  /// wildcards in the same order.
  static Pairing by_patterns(Patterns patterns);
  /// Pairs every layer with every layer whose rows come from the same positions (layer × layer). To
  /// also pair layers on other grids, use pooled readings for convolutions.
  static Pairing all() { return {Kind::all, {}}; }

  /// Whether these two layers are paired. Cost: linear in the names for usual patterns.
  bool pairs(std::string_view layer, std::string_view reference_layer) const;
  bool is_all() const { return kind_ == Kind::all; }
  /// Text for people: "by name", "all with all", or the patterns.
  std::string text() const;

  friend bool operator==(const Pairing&, const Pairing&) = default;

 private:
  enum class Kind : std::uint8_t { by_name, by_patterns, all };

  Pairing(Kind kind, Patterns patterns) : kind_(kind), patterns_(std::move(patterns)) {}

  Kind kind_;
  Patterns patterns_;
};

}  // namespace livecca
