#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// The panel pairs that belong to one pair of layers: a single pair, or one pair per frequency of a
/// Fourier layer.
struct LayerPair {
  std::vector<std::size_t> pairs;
  /// For each pair: the number of grid frequencies that it stands for.
  std::vector<double> multiplicities;

  bool is_of_frequencies() const { return pairs.size() > 1; }
};

/// All pairs of a panel, in the order of their first pairs. The frequencies of two Fourier layers
/// form one LayerPair.
LIVECCA_EXPORT std::vector<LayerPair> layer_pairs(const PanelMoments& moments);

/// The layer's name without the frequency that FourierTaps appended.
LIVECCA_EXPORT std::string layer_without_frequency(const TapMoments& tap);

/// A measure of a pair of layers. For Fourier layers each frequency is a CCA of its own (complex,
/// on Hermitian moments), and value and floor are means over the frequencies of the grid.
///
/// If only one side varies at a frequency, the sides have nothing in common there: similarity and
/// floor are 0, and a distance and its floor are the largest. If neither side varies, the frequency
/// is left out. The status is the worst of the frequencies at which both vary. Procrustes has the
/// activations' unit: it and its floor are roots of sums of squares instead of means.
///
/// One order of the images serves all frequencies, and moments do not say how far their numbers
/// then vary together. So the p-value is that of numbers that rise and fall as one, which is mostly
/// too large. Like that of one frequency it holds for coefficients whose real and imaginary parts
/// vary alike. Cost: two evaluate() per frequency.
LIVECCA_EXPORT MeasureResult evaluate(const PanelSolution& solution, const LayerPair& layers,
                                      const MeasureInfo& measure);

/// The samples_needed() of a pair of layers. Of a mean over frequencies they follow from that law,
/// so they are mostly too many. Cost: some ten laws a frequency.
LIVECCA_EXPORT std::optional<double> samples_needed(const PanelSolution& solution,
                                                    const LayerPair& layers,
                                                    const MeasureResult& result);

/// The number of frequencies of a Fourier layer at which the sides vary, without conjugates.
struct FrequencyCounts {
  std::size_t shared = 0;     ///< both
  std::size_t one_sided = 0;  ///< only one
  std::size_t absent = 0;     ///< neither
};

LIVECCA_EXPORT FrequencyCounts count_frequencies(const PanelSolution& solution,
                                                 const LayerPair& layers);

/// The facts of a pair of layers. For Fourier layers: the lowest ranks, the most directions kept,
/// and the status as in evaluate().
LIVECCA_EXPORT PairFacts facts_of(const PanelSolution& solution, const LayerPair& layers);

}  // namespace livecca
