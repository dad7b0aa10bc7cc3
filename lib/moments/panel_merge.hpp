#pragma once

#include <optional>
#include <string>

#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// Throws Error if taps or pairs differ.
void expect_same_layout(const PanelMoments& a, const PanelMoments& b);

/// "frequency (0,1,-2)" or "no frequency".
std::string text_of(const std::optional<Frequency>& frequency);

/// What moments of one tap must have in common to be merged: the same neurons at the same places.
struct TapCut {
  std::size_t features = 0;
  std::size_t features_of_tap = 0;
  std::uint64_t feature_seed = 0;  ///< of a choice, if one was made
  Grid grid{};
  std::optional<Frequency> frequency{};

  bool is_choice() const { return features < features_of_tap; }
};

/// Of a tap that has moments.
TapCut cut_of(const TapMoments& tap);

/// Why moments of a tap cannot be merged into those expected; empty if they can.
std::optional<Fault> misfit(const TapName& name, const TapCut& expected, const TapCut& got);

/// Why a pair's moments are not those of its taps; empty if they are, or if some are absent.
std::string pair_misfit(const PanelMoments& window, const PairMoments& pair);

/// Adds a part of the same window: what a part does not hold, it saw no rows of.
void add_present(PanelMoments& into, const PanelMoments& from);

/// Lets the moments go that saw no rows: a part does not hold them.
void drop_without_rows(PanelMoments& part);

/// The same taps and pairs, without rows.
PanelMoments empty_like(const PanelMoments& other);

}  // namespace livecca
