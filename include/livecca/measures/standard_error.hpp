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
LIVECCA_EXPORT std::vector<std::vector<std::optional<double>>> standard_errors(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor);

}  // namespace livecca
