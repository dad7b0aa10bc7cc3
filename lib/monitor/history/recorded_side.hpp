#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "livecca/monitor/pairing.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "livecca/sinks/reference.hpp"
#include "monitor/history/layer_packs.hpp"

namespace livecca {

/// Recorded layers of one network, or of one network at one time, as a side of comparisons.
struct RecordedSide {
  std::string network;  ///< or the name of one of the trained network's own states
  ReferenceKind kind = ReferenceKind::network;
  LayerPacks layers;

  /// The trained network and its own states are compared layer by layer of the same name.
  bool is_own() const { return kind != ReferenceKind::pack; }

  static RecordedSide of(std::string network, ReferenceKind kind,
                         const std::shared_ptr<const RecordedPack>& pack) {
    RecordedSide side{std::move(network), kind, {}};
    for (const RecordedLayer& layer : pack->layers()) side.layers.set(layer.name, pack);
    return side;
  }
};

/// Whether a layer of the trained network is to be compared with one of a side.
inline bool are_paired(const RecordedSide& side, const std::string& layer, const std::string& other,
                       const Pairing& pairing) {
  return side.is_own() ? layer == other : pairing.pairs(layer, other);
}

/// What is wrong with another network of which no layer pairs with one of the trained network's,
/// whose first is `layer`.
inline std::string expected_a_pair(const RecordedSide& side, const std::string& network,
                                   const std::string& layer) {
  const auto& [other, pack] = *side.layers.begin();
  return pack->path().string() + ": expected a layer to compare with one of " + network +
         "'s, got none; the first is '" + other + "', and of " + network + " '" + layer + "'";
}

}  // namespace livecca
