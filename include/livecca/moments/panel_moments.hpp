#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/fourier.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// One observation point.
struct TapName {
  std::string network;
  std::string layer;

  /// "network/layer"
  std::string text() const { return network + "/" + layer; }
  friend bool operator==(const TapName&, const TapName&) = default;
};

/// What kept a tap or a pair from a complete window.
enum class FaultKind : std::uint8_t {
  missing,
  shape_changed,
  rows_differ,
  nonfinite,
  joined_late,
  over_limit,
  unreadable,
};

/// "missing", "shape_changed", …; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(FaultKind kind);

/// A tap or pair that left the panel until the next window.
struct Fault {
  FaultKind kind;
  std::string subject;  ///< the tap's name, or "x with y" for a pair
  std::string message;  ///< what was expected and what came
};

/// The moments of one tap over a window.
struct TapMoments {
  TapName name;
  std::optional<Moments> moments;  ///< absent if the tap was never fed or left the panel
  /// The positions its rows come from; 1 × 1 of readings with one row an image, and of sequences.
  Grid grid{};
  /// Rows not counted because some tap was non-finite there. What a mask leaves out is no row.
  std::uint64_t samples_left_out = 0;
  /// The tap's features before it was cut: more than moments->features() if it was, and then
  /// choose_features(features_of_tap, features, feature_seed) names those that were kept; of a
  /// frequency, halves of both numbers name channels, whose real and imaginary parts were kept.
  std::size_t features_of_tap = 0;
  std::uint64_t feature_seed = 0;
  /// Given if the features are the real parts and then the imaginary parts of a complex vector, one
  /// entry a channel: this frequency of a Fourier transform over the positions.
  std::optional<Frequency> frequency{};
};

/// The cross moments of one pair over a window.
struct PairMoments {
  std::size_t x = 0;  ///< index into PanelMoments::taps
  std::size_t y = 0;
  std::optional<CrossMoments> moments;  ///< absent if a side is, or the sides' rows differed
};

/// All that a panel gathered in one window; plain data, nothing shared with the panel.
struct PanelMoments {
  std::vector<TapMoments> taps;
  std::vector<PairMoments> pairs;
  std::uint64_t images = 0;
  std::uint64_t steps_committed = 0;
  std::uint64_t steps_discarded = 0;
  std::vector<Fault> faults;
  /// The same window in parts, if the panel was asked for them: what standard errors are made of.
  /// A part holds nothing of a tap that saw no rows in it.
  std::vector<PanelMoments> blocks;
  /// The blocks are a ring's (Window::last_blocks): oldest first, the one that was being filled
  /// last, those not yet begun before all others. Otherwise steps went to them in turn.
  bool blocks_by_age = false;
};

/// Adds another window's moments, e.g. of a worker that saw other inputs. Any tree of merges gives
/// the same numbers to rounding, a fixed order the same bits; counts are exact. What either side
/// lost over its window stays lost, as half its rows would not say so; a tap of another width,
/// subset of features, grid or frequency is lost with a Fault. Blocks are merged one by one; if one
/// side has none, or another number, the result has none. With an exponential window both must end
/// at the same moment. Throws Error, and changes nothing, if taps or pairs differ.
LIVECCA_EXPORT void merge(PanelMoments& into, const PanelMoments& from);

}  // namespace livecca
