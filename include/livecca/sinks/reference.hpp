#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "livecca/common/export.hpp"

namespace livecca {

/// The kind of thing that a layer is compared with.
enum class ReferenceKind : std::uint8_t {
  network,  ///< another network that runs beside the trained one, on the same inputs
  pack,     ///< another network's recorded activations
  start,    ///< the layer at its first kept snapshot
  before,   ///< the layer some kept snapshots before
  final,    ///< the layer at its last kept snapshot
};

/// "network", "pack", "start", "before" or "final"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(ReferenceKind kind);

// The trained network's own states have names as references: "start", "final" and "before-K".

inline constexpr const char* start_reference = "start";
inline constexpr const char* final_reference = "final";

/// Whether what a layer is compared with stays as it is during the run. An earlier snapshot moves
/// along with the network, and the final state is compared once.
inline bool stays_as_it_is(ReferenceKind kind) {
  return kind != ReferenceKind::before && kind != ReferenceKind::final;
}

/// "before-K", for the kept snapshot K before.
LIVECCA_EXPORT std::string before_reference(std::size_t snapshots);
/// The K of "before-K", 1 or more; empty if the name is another.
LIVECCA_EXPORT std::optional<std::size_t> snapshots_before(std::string_view reference);

/// The kind of state that a reference's name stands for: start, before or final. For any other name
/// it is network, because a name does not tell a pack from a network.
LIVECCA_EXPORT ReferenceKind kind_of_reference(std::string_view reference);

/// Whether a name stands for a state of the trained network, or begins as "before-K" does. No other
/// network may have such a name.
inline bool is_reserved(std::string_view reference) {
  return kind_of_reference(reference) != ReferenceKind::network;
}

}  // namespace livecca
