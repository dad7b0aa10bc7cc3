#include "livecca/measures/standard_error.hpp"

#include <cmath>

#include "moments/panel_merge.hpp"

namespace livecca {
namespace {

/// A value without one block, and the share of the window that the block holds.
struct LeftOut {
  double value;
  double share;
};

std::optional<double> jackknife(double whole, const std::vector<LeftOut>& values) {
  if (values.size() < fewest_error_blocks) return std::nullopt;
  const auto count = static_cast<double>(values.size());
  double estimate = count * whole;
  for (const auto& [value, share] : values) estimate -= (1 - share) * value;
  double variance = 0;
  for (const auto& [value, share] : values) {
    const double inverse = 1 / share;
    const double pseudo = inverse * whole - (inverse - 1) * value;
    variance += (pseudo - estimate) * (pseudo - estimate) / (inverse - 1) / count;
  }
  return std::isfinite(variance) ? std::optional(std::sqrt(variance)) : std::nullopt;
}

double weight_of(const PanelMoments& moments, std::size_t pair) {
  const auto& tap = moments.taps[moments.pairs[pair].x].moments;
  return tap ? tap->weights().image_sum : 0;
}

PanelMoments without(const PanelMoments& window, std::size_t left_out) {
  PanelMoments rest = empty_like(window);
  for (std::size_t b = 0; b < window.blocks.size(); ++b) {
    if (b != left_out) add_present(rest, window.blocks[b]);
  }
  return rest;
}

}  // namespace

std::vector<std::vector<std::optional<double>>> standard_errors(
    const PanelMoments& window, const PanelSolution& whole, const SolveOptions& options,
    std::span<const MeasureInfo* const> measures, Executor& executor) {
  const std::size_t pairs = window.pairs.size();
  // values[pair][measure]: one a block; a value that is missing once ends the measure's error.
  std::vector<std::vector<std::vector<LeftOut>>> values(
      pairs, std::vector<std::vector<LeftOut>>(measures.size()));
  std::vector<std::vector<bool>> missing(pairs, std::vector<bool>(measures.size()));
  for (std::size_t b = 0; b < window.blocks.size(); ++b) {
    if (window.blocks[b].steps_committed == 0) continue;
    const PanelSolution rest = solve(without(window, b), options, executor);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const double share = weight_of(window.blocks[b], pair) / weight_of(window, pair);
      if (!(share > 0)) continue;
      for (std::size_t m = 0; m < measures.size(); ++m) {
        const auto value = evaluate(rest, pair, *measures[m]).similarity;
        if (value) {
          values[pair][m].push_back({*value, share});
        } else {
          missing[pair][m] = true;
        }
      }
    }
  }
  std::vector<std::vector<std::optional<double>>> errors(
      pairs, std::vector<std::optional<double>>(measures.size()));
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    for (std::size_t m = 0; m < measures.size(); ++m) {
      const auto value = evaluate(whole, pair, *measures[m]).similarity;
      if (value && !missing[pair][m]) errors[pair][m] = jackknife(*value, values[pair][m]);
    }
  }
  return errors;
}

}  // namespace livecca
