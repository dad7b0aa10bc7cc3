#pragma once

#include <optional>
#include <string>

#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// Throws Error if taps or pairs differ.
void expect_same_layout(const PanelMoments& a, const PanelMoments& b);

/// "frequency (0,1,-2)" or "no frequency".
std::string text_of(const std::optional<Frequency>& frequency);

/// Why two taps' moments cannot be merged; empty if they can, or if there is nothing to merge.
std::optional<Fault> misfit(const TapMoments& a, const TapMoments& b);

/// Adds a part of the same window: what a part does not hold, it saw no rows of.
void add_present(PanelMoments& into, const PanelMoments& from);

/// The same taps and pairs, without rows.
PanelMoments empty_like(const PanelMoments& other);

}  // namespace livecca
