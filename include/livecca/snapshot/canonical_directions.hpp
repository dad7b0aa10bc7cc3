#pragma once

#include <cstddef>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/shifted_mean.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// One side of a pair's leading canonical directions: the linear maps of its neurons that correlate
/// most with the other side's.
struct DirectionsOfSide {
  std::size_t features_of_tap = 0;   ///< neurons that activations are expected to have
  std::vector<std::size_t> neurons;  ///< whose coefficients these are, ascending
  std::vector<double> coefficients;  ///< neurons × directions, column-major; 0 for dead neurons
  ShiftedMean mean;                  ///< of each of the neurons
};

/// The leading canonical directions of a pair. A canonical variate of a sample is
/// (activations − mean) · coefficients: of mean 0 and variance 1 over the window, uncorrelated with
/// the side's others, and correlated by ρ with its counterpart. Signs are arbitrary, the same on
/// both sides; where several ρ coincide, so is the basis.
struct CanonicalDirections {
  std::vector<double> correlations;  ///< ρ, descending: one a direction
  DirectionsOfSide x;                ///< the trained network's side
  DirectionsOfSide y;

  std::size_t count() const { return correlations.size(); }
};

/// Finds the `count` leading directions of a pair, fewer where its ranks allow no more; none where
/// the pair has no numbers (see PairSolution). Throws Error if there is no such pair, or if it is
/// one of a frequency. Cost: that of one pair with weights, see Quantities. Thread safety: may be
/// called from many threads.
LIVECCA_EXPORT CanonicalDirections canonical_directions(const PanelMoments& moments,
                                                        std::size_t pair, std::size_t count);

/// The canonical variates of samples: `activations` is samples × neurons (layout nc) with all of
/// the tap's neurons. Returns samples × directions, row-major; a sample that is not finite gives
/// NaN. Throws Error on another shape. Cost: samples · neurons · directions.
LIVECCA_EXPORT std::vector<double> project(const DirectionsOfSide& side,
                                           const ActivationView& activations);

}  // namespace livecca
