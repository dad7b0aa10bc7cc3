#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/measures/direction.hpp"
#include "livecca/measures/status.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca {

/// What can be said about a pair. S are the covariances, ρ the canonical correlations over the
/// smaller rank; x is the trained network's side, y the reference's. All but Procrustes in the
/// activations' unit ignore one common scale of a side and an offset of any neuron. "Invertible
/// maps" of a side's neurons include rotations, and rotations include permutations. Costs are of a
/// pair, beside the whitening of its taps, and for d features a side; see Quantities.
enum class Measure : std::uint8_t {
  /// Similarity in [0, 1]: mean ρ. Same under invertible maps of either side. Cost 8·d³, no
  /// vectors.
  /// Raghu et al. 2017, arXiv:1706.05806.
  mean_cca,
  /// Similarity in [0, 1]: mean ρ². Same under invertible maps of either side. Cost 4·d³, no
  /// decomposition of the pair. Kornblith et al. 2019, arXiv:1905.00414.
  r2_cca,
  /// Similarity up to 1, around 0 for unrelated data, also below: (R² − floor) / (1 − floor) of
  /// r2_cca and its floor, as an adjusted R². Missing where images give several rows, which depend
  /// on one another. Invariances and cost of r2_cca.
  r2_cca_adjusted,
  /// Similarity in [0, 1]: Σ αᵢρᵢ / Σ αᵢ, αᵢ = Σⱼ |⟨hᵢ, xⱼ⟩| with hᵢ the canonical variates of x.
  /// Same
  /// under invertible maps of y, and permutations and sign changes of x's neurons. Not determined
  /// where several ρ coincide below 1. Cost 24·d³, with vectors. Morcos, Raghu, Bengio 2018,
  /// arXiv:1806.05759, equations 2 and 3.
  pwcca,
  /// The same with y's variates and neurons: pwcca of the swapped pair.
  pwcca_y,
  /// The mean of both, which swapping the sides does not change.
  pwcca_mean,
  /// Similarity in [0, 1]: mean ρ between the leading principal directions of either side, the
  /// fewest that hold a share of its variance (0.99), or a fixed number. Same under rotations.
  /// Cost 8·k³ for k directions, and an eigendecomposition a tap. Raghu et al. 2017, section 2.1.
  svcca,
  /// Similarity in [0, 1]: ‖Sxy‖²_F / (‖Sxx‖_F ‖Syy‖_F), also called the RV coefficient. Same under
  /// rotations. Cost 2·d², no decomposition. Kornblith et al. 2019.
  linear_cka,
  /// Similarity in [−1, 1], on average 0 for unrelated data: CKA from unbiased HSIC. Same under
  /// rotations. Needs norm sums in the moments and equal weights. Cost 2·d². Song et al. 2012,
  /// equation 5; Nguyen, Raghu, Kornblith 2020, arXiv:2010.15327.
  linear_cka_debiased,
  /// Similarity in [−1, 1]: CKA of the Gram matrices without their diagonals. Same under rotations.
  /// Needs norm sums in the moments and equal weights. Cost 2·d². Smilde et al. 2009.
  rv2,
  /// Similarity in [0, 1]: the share of x's variance that a linear map of y explains,
  /// tr(Sxy Syy⁻¹ Syx) / tr Sxx. Same under rotations of x and invertible maps of y. Cost 2·d³.
  /// Kornblith et al. 2019.
  linreg_x_from_y,
  /// The same with the sides swapped.
  linreg_y_from_x,
  /// Distance in [0, ∞), in the activations' unit: the least ‖X Q − Y‖_F over rotations Q of the
  /// centred activations, √((n − 1)(tr Sxx + tr Syy − 2‖Sxy‖_*)). Grows with √n. Same under
  /// rotations, not under scales. A metric. Cost 4·d³. Schönemann 1966.
  procrustes,
  /// Distance in [0, 2]: 2 − 2‖Sxy‖_* / √(tr Sxx · tr Syy), the square of the Procrustes distance
  /// of sides scaled to unit norm. Same under rotations. Cost 4·d³. Ding, Denain, Steinhardt 2021,
  /// arXiv:2108.01661.
  procrustes_normalised,
  /// Distance in [0, π/2]: arccos(‖Sxy‖_* / √(tr Sxx · tr Syy)), angular shape distance. Same under
  /// rotations. A metric. Cost 4·d³. Williams et al. 2021, arXiv:2110.14739.
  angular,
  /// Distance in [0, π/2] between angular (α = 1) and CCA (α = 0): the angular distance after
  /// Z = α·I + (1 − α)·S^-½ of either side; α of SolveOptions. Same under rotations; under scales
  /// too only for α = 0 and 1. A metric. Cost 8·d³. Williams et al. 2021.
  partial_whitening,
};

/// One measure of the registry.
struct MeasureInfo {
  Measure measure;
  std::string_view name;  ///< the bare name, e.g. "pwcca"
  Direction direction;    ///< of its formula
  Measure swapped;        ///< what the swapped pair's value is of this one; itself if symmetric
  /// Of a similarity: distance = 1 − similarity is in use too, and is what rows carry.
  bool has_distance;
  Quantities needs;
  bool needs_norm_sums;  ///< in the moments, see MomentsOptions
  std::string_view summary;

  /// What rows and curves show.
  Direction shown() const { return has_distance ? Direction::distance : Direction::similarity; }
  /// The measure as rows name it, with its direction: "pwcca_distance".
  LIVECCA_EXPORT std::string row_name() const;
};

/// The registry: one entry for each Measure, in its order.
LIVECCA_EXPORT std::span<const MeasureInfo> measures();
/// The registry's entry, or null.
LIVECCA_EXPORT const MeasureInfo* find_measure(std::string_view name);
LIVECCA_EXPORT const MeasureInfo& info_of(Measure measure);

/// What a solve must be asked for so that these can be evaluated.
LIVECCA_EXPORT Quantities needs_of(std::span<const MeasureInfo* const> measures);

/// A number with all that is needed to judge it.
struct MeasureResult {
  const MeasureInfo* measure = nullptr;
  std::optional<double> value;  ///< in the measure's own direction
  /// What independent data would score, on the value's scale; empty where none is derived.
  std::optional<double> floor;
  /// Of the value, and of 1 − value; empty unless standard_errors() gave it.
  std::optional<double> standard_error;
  Status status = Status::missing;

  /// The value as a similarity; empty for a measure that has none. Likewise the others.
  LIVECCA_EXPORT std::optional<double> similarity() const;
  LIVECCA_EXPORT std::optional<double> distance() const;
  LIVECCA_EXPORT std::optional<double> similarity_floor() const;
  LIVECCA_EXPORT std::optional<double> distance_floor() const;
};

/// The facts of a pair that every one of its numbers carries.
struct PairFacts {
  std::uint64_t samples = 0;
  double effective_samples = 0;
  double effective_rows = 0;  ///< differs where an image gives several rows
  std::uint64_t samples_left_out = 0;
  std::array<std::size_t, 2> features{};
  std::array<std::size_t, 2> features_of_taps{};  ///< before they were cut to a choice
  std::array<std::uint64_t, 2> feature_seeds{};   ///< of the choice, see choose_features()
  /// Empty where nothing that was solved for needs them.
  std::array<std::optional<std::size_t>, 2> ranks{};
  std::array<std::size_t, 2> svcca_kept{};
  Precision precision = Precision::exact;
  Status status = Status::missing;
};

LIVECCA_EXPORT PairFacts facts_of(const PanelSolution& solution, std::size_t pair);

/// Computes one measure of a pair from its solution; missing if the solve was not asked for what it
/// needs, or if norm sums are. The floor is what independent data would score on average, see
/// noise_floor.hpp for the formulas and docs/measures.md for how well they hold. Cost: O(features).
LIVECCA_EXPORT MeasureResult evaluate(const PanelSolution& solution, std::size_t pair,
                                      const MeasureInfo& measure);

/// The floor of mean_cca, also where it was not asked for; empty without ranks or a value.
LIVECCA_EXPORT std::optional<double> mean_cca_floor(const PairFacts& facts);

/// What independent data of this size would give as the largest canonical correlation in 1 of 20
/// cases, see largest_correlation_line(); empty without ranks or where it is not derived.
LIVECCA_EXPORT std::optional<double> largest_correlation_line(const PairFacts& facts);

/// The canonical correlations freed of the bias of few samples, see debiased_correlation(); entries
/// that cannot be told from independent data are empty.
LIVECCA_EXPORT std::vector<std::optional<double>> debiased_correlations(
    const PanelSolution& solution, std::size_t pair);

}  // namespace livecca
