#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel_moments.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca {

/// With fewer blocks than this the error of the error is a third of it or more.
constexpr std::size_t fewest_error_blocks = 5;

/// A measure's value from about half of a window's blocks.
struct HalfValue {
  double value = 0;  ///< in the measure's own direction, and of the whole window's size
  double share = 0;  ///< of the window that the half holds, in (0, 1)
};

/// What a standard error is made of.
struct JackknifeValues {
  /// Two a split, 20 in all; none where there is no error. Halves at the same place are of the same
  /// blocks, in every pair and measure and in every window in which as many blocks hold rows. Where
  /// block b holds the same inputs each time, as in a probe, what is made of several windows'
  /// values (a slope, a difference) can be made of their halves at each place, and
  /// jackknife_error() of the results knows how the values depend on one another.
  std::vector<HalfValue> halves;
  std::optional<double> error;  ///< their jackknife_error()
};

/// The delete-d jackknife: √(Σ (value − mean)² · share / (1 − share) / count). The same of 1 −
/// value, so it is that of the distance, too. Empty without halves or where it is not finite.
/// Cost: O(halves). Thread safety: a pure function. Source: Shao and Wu 1989.
LIVECCA_EXPORT std::optional<double> jackknife_error(std::span<const HalfValue> halves);

/// The standard errors of a window's measures, by the jackknife: halves of its blocks are solved,
/// ten seeded splits of two each, and what the values vary tells what they would vary by with other
/// inputs of as many. Leaving out one block at a time would cost less and be off by up to 2 for
/// PWCCA and SVCCA, which are not smooth where canonical correlations lie close together
/// (docs/decisions/0007). Blocks hold whole images, so positions of one image may depend on one
/// another; they may differ in size.
///
/// Within 20 % of the spread over redrawn data from about 20 effective samples a feature on; at 10
/// up to 30 % too large, and for SVCCA off by more where the number of directions kept changes from
/// draw to draw. A single estimate from K blocks scatters by 1/√(2(K − 1)) of itself.
///
/// `whole` is the solution of the window. Returns one entry a pair, each of one entry a measure:
/// empty where the value is missing, in the window or in a half, where fewer than
/// fewest_error_blocks blocks hold rows, and for measures that whiten where a half has no more
/// effective samples than both sides have directions: some correlations are then 1 in every half.
/// Source: Shao and Wu 1989. Cost: 20 solves.
LIVECCA_EXPORT std::vector<std::vector<JackknifeValues>> jackknife_values(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor);

/// The errors of jackknife_values() without what they are made of; the same cost.
LIVECCA_EXPORT std::vector<std::vector<std::optional<double>>> standard_errors(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor);

}  // namespace livecca
