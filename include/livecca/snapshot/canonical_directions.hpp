#pragma once

#include <cstddef>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/shifted_mean.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// The leading canonical directions of one side: the linear maps of its neurons that correlate most
/// with those of the other side.
struct DirectionsOfSide {
  std::size_t features_of_tap = 0;   ///< the neurons that project() expects
  std::vector<std::size_t> neurons;  ///< the neurons that have coefficients, ascending
  std::vector<double> coefficients;  ///< neurons × directions, column-major; 0 for dead neurons
  ShiftedMean mean;                  ///< of each of the neurons
};

/// The leading canonical directions of a pair. A canonical variate of a sample is
/// (activations − mean) · coefficients. Over the window it has mean 0 and variance 1, it is
/// uncorrelated with the other variates of its side, and its correlation with its counterpart is ρ.
/// Signs are arbitrary, but the same on both sides. If several ρ are equal, their directions are
/// arbitrary too.
struct CanonicalDirections {
  std::vector<double> correlations;  ///< ρ, descending: one per direction
  DirectionsOfSide x;                ///< the trained network's side
  DirectionsOfSide y;

  std::size_t count() const { return correlations.size(); }
};

/// Finds the `count` leading directions of a pair, or as many as its ranks allow; none if the pair
/// has no numbers (see PairSolution). Throws Error if there is no such pair, or if it is a pair of
/// a frequency. Cost: one pair with both sides' weights, see Quantities. Thread safety: may be
/// called from many threads.
LIVECCA_EXPORT CanonicalDirections canonical_directions(const PanelMoments& moments,
                                                        std::size_t pair, std::size_t count);

/// Computes canonical variates. `activations` is samples × neurons (layout nc), with all neurons of
/// the tap. Returns samples × directions, row-major. A sample that is not finite gives NaN. Throws
/// Error on another shape. Cost: samples · neurons · directions.
LIVECCA_EXPORT std::vector<double> project(const DirectionsOfSide& side,
                                           const ActivationView& activations);

}  // namespace livecca
