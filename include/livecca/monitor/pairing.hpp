#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "livecca/common/export.hpp"

namespace livecca {

/// Which layers of a reference a layer of the trained network is compared with. The network's own
/// earlier states are always compared layer by layer of the same name.
class LIVECCA_EXPORT Pairing {
 public:
  using Patterns = std::vector<std::pair<std::string, std::string>>;

  /// Layers of the same name.
  static Pairing by_name() { return {Kind::by_name, {}}; }
  /// Layers whose names match a pair of patterns, of the trained network's name and the
  /// reference's:
  /// `*` stands for any text and `?` for one character, in both names the same. {"conv*",
  /// "features.conv*"} pairs conv1 with features.conv1. Throws Error if a pair of patterns has not
  /// the same wildcards in the same order.
  static Pairing by_patterns(Patterns patterns);
  /// Every layer with every layer whose rows are of the same positions: layer × layer. Read
  /// convolutions pooled, so that layers of other grids pair too.
  static Pairing all() { return {Kind::all, {}}; }

  /// Cost: linear in the names for usual patterns.
  bool pairs(std::string_view layer, std::string_view reference_layer) const;
  bool is_all() const { return kind_ == Kind::all; }
  /// "by name", "all with all", or the patterns.
  std::string text() const;

  friend bool operator==(const Pairing&, const Pairing&) = default;

 private:
  enum class Kind : std::uint8_t { by_name, by_patterns, all };

  Pairing(Kind kind, Patterns patterns) : kind_(kind), patterns_(std::move(patterns)) {}

  Kind kind_;
  Patterns patterns_;
};

}  // namespace livecca
