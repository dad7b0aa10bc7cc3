#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/fourier.hpp"
#include "livecca/activations/image_rows.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/different_images.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// How many different images a pair needs for each feature of its wider side; with fewer it is
/// `undersampled`. At this size the mean canonical correlation of unrelated data is 0.27, for any
/// number of features.
inline constexpr std::size_t samples_per_feature = 10;

/// The name of one tap.
struct TapName {
  std::string network;
  std::string layer;

  /// "network/layer"
  std::string text() const { return network + "/" + layer; }
  friend bool operator==(const TapName&, const TapName&) = default;
};

/// Why a tap or a pair is missing in a window.
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
  std::string message;  ///< what was expected, and what came instead
};

/// The moments of one tap over a window.
struct TapMoments {
  TapName name;
  std::optional<Moments> moments;  ///< absent if the tap was never fed or left the panel
  /// The grid that the rows come from. 1 × 1 for sequences and for readings with one row per image.
  Grid grid{};
  /// The number of rows that were left out because this tap or another one was non-finite there.
  /// Rows that a mask leaves out are not counted.
  std::uint64_t samples_left_out = 0;
  /// The number of features before the tap was cut. If it is more than moments->features(),
  /// choose_features(features_of_tap, moments->features(), feature_seed) gives the kept ones. A tap
  /// of one frequency has two features per channel, so pass half of both numbers. choose_features()
  /// then gives the channels whose real and imaginary parts were kept.
  std::size_t features_of_tap = 0;
  std::uint64_t feature_seed = 0;
  /// The frequency, for a tap of one frequency of a Fourier transform over positions. Its features
  /// are the real parts of all channels and then the imaginary parts.
  std::optional<Frequency> frequency{};
  /// The type of the rows' numbers, if a panel saw them. Empty after a merge of others.
  std::optional<DType> dtype{};
  /// Set by who holds the rows, if an image gives several. Without it floors count images. No file
  /// keeps it, and no merge.
  ImagesAgain images_again{};
};

/// The cross moments of one pair over a window.
struct PairMoments {
  std::size_t x = 0;  ///< index into PanelMoments::taps
  std::size_t y = 0;
  /// Absent if the moments of a side are absent, or if the rows of the two sides differed.
  std::optional<CrossMoments> moments;
};

/// Everything that a panel gathered in one window. Plain data that shares nothing with the panel.
struct PanelMoments {
  std::vector<TapMoments> taps;
  std::vector<PairMoments> pairs;
  std::uint64_t images = 0;
  /// How many of them differ. Moments that were not made from rows count nothing here, nor do those
  /// of older files: then all are taken to differ. An exponential window forgets none here.
  DifferentImages different;
  std::uint64_t steps_committed = 0;
  std::uint64_t steps_discarded = 0;
  std::vector<Fault> faults;
  /// The parts of the same window, if the panel keeps it in parts. Standard errors need them. A tap
  /// that got no rows in a part has no moments there.
  std::vector<PanelMoments> blocks;
  /// True if the blocks come from a ring (Window::last_blocks). The blocks are then ordered by age:
  /// first those that were never begun, then the oldest, and last the one that is still being
  /// filled. False if steps went to the blocks in turn.
  bool blocks_by_age = false;
};

/// Adds another window's moments, e.g. from a worker that saw other inputs. Merges in any order
/// give the same numbers up to rounding. Merges in the same order give the same bits. Counts are
/// exact.
///
/// A tap that is missing on either side is missing in the result. If a tap's width, choice of
/// features, grid or frequency is not the same on both sides, the tap is removed, with a Fault.
/// Blocks are merged one by one. If the sides have different numbers of blocks, or one has none,
/// the result has none. Exponential windows must both end at the same moment. Throws Error, and
/// changes nothing, if the sides do not list the same taps and pairs in the same order.
LIVECCA_EXPORT void merge(PanelMoments& into, const PanelMoments& from);

}  // namespace livecca
