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

/// The standard errors of a window's measures, by the jackknife: the window is solved once without
/// each of its blocks, and what the values vary tells what they would vary by with other inputs of
/// as many. Blocks may differ in size (Busing, Meijer, van der Leeden 1999). They hold whole
/// images, so positions of one image may depend on one another.
///
/// `whole` is the solution of the window. Returns one entry a pair, each of one entry a measure:
/// empty where the value is missing, with or without a block, or where fewer than
/// fewest_error_blocks blocks hold rows. Cost: a solve a block. Within 20 % of the spread over
/// redrawn data from about 10 effective samples a feature on.
LIVECCA_EXPORT std::vector<std::vector<std::optional<double>>> standard_errors(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor);

}  // namespace livecca
