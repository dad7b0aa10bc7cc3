#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// Pairs of a panel that are one pair of layers: a single one, or those of a Fourier layer at all
/// of its frequencies.
struct LayerPair {
  std::vector<std::size_t> pairs;
  /// Of each pair: how many of the grid's frequencies it stands for.
  std::vector<double> multiplicities;

  bool is_of_frequencies() const { return pairs.size() > 1; }
};

/// All pairs of a panel, those of one Fourier layer with another together. The order is that of
/// their first pairs.
LIVECCA_EXPORT std::vector<LayerPair> layer_pairs(const PanelMoments& moments);

/// The layer's name without the frequency that FourierTaps put behind it.
LIVECCA_EXPORT std::string layer_without_frequency(const TapMoments& tap);

/// A measure of a pair of layers: of frequencies the mean of value and floor over all of the
/// grid's, as each is a CCA of its own (complex, on Hermitian moments). Where only one side varies
/// they have nothing in common: similarity 0 and floor 0, the largest distance, and no share of a
/// variance that is not there. Where neither varies the frequency is left out. The status is the
/// worst of those at which both vary. Procrustes, in the activations' unit, is the root of the sum
/// of squares instead. Cost: that of evaluate() a frequency.
LIVECCA_EXPORT MeasureResult evaluate(const PanelSolution& solution, const LayerPair& layers,
                                      const MeasureInfo& measure);

/// At how many of a Fourier layer's frequencies, conjugates not counted, the sides vary.
struct FrequencyCounts {
  std::size_t shared = 0;     ///< both
  std::size_t one_sided = 0;  ///< only one
  std::size_t absent = 0;     ///< neither
};

LIVECCA_EXPORT FrequencyCounts count_frequencies(const PanelSolution& solution,
                                                 const LayerPair& layers);

/// The facts of a pair of layers: of frequencies the lowest ranks, the most directions kept, and
/// the status as above.
LIVECCA_EXPORT PairFacts facts_of(const PanelSolution& solution, const LayerPair& layers);

}  // namespace livecca
