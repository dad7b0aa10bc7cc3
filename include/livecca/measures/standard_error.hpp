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

/// The fewest blocks that give a standard error. With fewer, the error itself is uncertain by a
/// third or more.
constexpr std::size_t fewest_error_blocks = 5;

/// A measure's value, computed from about half of a window's blocks.
struct HalfValue {
  double value = 0;  ///< in the measure's own direction, on the scale of the whole window
  double share = 0;  ///< of the window that this half holds, in (0, 1)
};

/// A standard error and the values that it comes from.
struct JackknifeValues {
  /// Two values per split, 20 in all; empty without an error. The half at an index holds the
  /// same blocks in every pair and measure, and in every window with as many filled blocks.
  ///
  /// In a probe, block b holds the same inputs in every window. A result of several windows, such
  /// as a slope or a difference, can then be computed from their halves at each index.
  /// jackknife_error() of those results takes into account how the windows depend on each other.
  std::vector<HalfValue> halves;
  std::optional<double> error;  ///< jackknife_error(halves)
};

/// The delete-d jackknife: √(Σ (value − line)² · share / (1 − share) / count). The line is a + b /
/// share: it takes out that smaller halves have a larger bias, which is of order 1 / samples. Where
/// all shares are alike, it is the mean. A value and 1 − value have the same error, so a similarity
/// and its distance do too. Empty without halves or if not finite. Cost: O(halves). Thread safety:
/// a pure function. Source: Shao and Wu 1989, Jackknife variance estimators; the line is ours.
LIVECCA_EXPORT std::optional<double> jackknife_error(std::span<const HalfValue> halves);

/// The standard errors of a window's measures, by the jackknife. Ten seeded splits cut the window's
/// blocks into two halves, and every half is solved. The spread of the values estimates how much
/// they would vary with other inputs. Leaving out one block at a time would cost less, but is wrong
/// by a factor of up to 2 for PWCCA and SVCCA, which are not smooth where canonical correlations
/// are close (docs/decisions/0007). A block holds whole images, so positions of one image may
/// depend on each other. Blocks may differ in size.
///
/// Accuracy against redrawn data: within 20 % from about 20 effective samples per feature; up to 30
/// % too large at 10. For SVCCA it is worse if the number of directions kept changes from draw to
/// draw. One estimate from K blocks varies by 1/√(2(K − 1)) of itself.
///
/// `whole` is the solution of the window. Returns one entry per pair, and in it one entry per
/// measure. An entry is empty in these cases: the value is missing in the window or in a half;
/// fewer than fewest_error_blocks blocks hold rows; or the measure whitens and a half has no more
/// effective samples than both sides have directions, because some correlations are then 1 in every
/// half. Source: Shao and Wu 1989. Cost: 20 solves.
LIVECCA_EXPORT std::vector<std::vector<JackknifeValues>> jackknife_values(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor);

/// Only the errors of jackknife_values(), at the same cost.
LIVECCA_EXPORT std::vector<std::vector<std::optional<double>>> standard_errors(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor);

}  // namespace livecca
