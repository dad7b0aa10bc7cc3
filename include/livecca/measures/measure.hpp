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

/// The measures of a pair. S is a covariance, ρ are the canonical correlations (as many as the
/// smaller rank), x is the trained network's side and y the reference's.
///
/// Every measure ignores an offset of any neuron, and all but `procrustes` ignore a common scale of
/// a side. "Invertible maps" of a side's neurons include rotations, and rotations include
/// permutations. Costs are flops per pair for d features on each side, without the whitening of the
/// taps; see Quantities.
enum class Measure : std::uint8_t {
  /// Similarity in [0, 1]: mean ρ. Same under invertible maps of either side. Cost 8·d³ (no
  /// vectors). Raghu et al. 2017, arXiv:1706.05806.
  mean_cca,
  /// Similarity in [0, 1]: mean ρ². Same under invertible maps of either side. Cost 4·d³, no
  /// decomposition of the pair. Kornblith et al. 2019, arXiv:1905.00414.
  r2_cca,
  /// Similarity of at most 1: (R² − floor) / (1 − floor), with R² = r2_cca and its floor, like an
  /// adjusted R². About 0 for unrelated data, and sometimes below. Missing if an image gives
  /// several rows, because those depend on each other. Invariances and cost as r2_cca.
  r2_cca_adjusted,
  /// Similarity in [0, 1]: Σ αᵢρᵢ / Σ αᵢ, αᵢ = Σⱼ |⟨hᵢ, xⱼ⟩| with hᵢ the canonical variates of x.
  /// Same under invertible maps of y, and under permutations and sign changes of x's neurons. If
  /// several ρ below 1 are equal, the value is not unique. Cost 24·d³ (with vectors). Morcos,
  /// Raghu, Bengio 2018, arXiv:1806.05759, equations 2 and 3.
  pwcca,
  /// pwcca of the swapped pair: it uses y's variates and neurons.
  pwcca_y,
  /// The mean of pwcca and pwcca_y. Swapping the sides does not change it.
  pwcca_mean,
  /// Similarity in [0, 1]: mean ρ between the leading principal directions of the sides. Each side
  /// keeps the fewest directions that hold a share of its variance (0.99), or a fixed number. Same
  /// under rotations. Cost 8·k³ for k directions, and an eigendecomposition per tap. Raghu et al.
  /// 2017, section 2.1.
  svcca,
  /// Similarity in [0, 1]: ‖Sxy‖²_F / (‖Sxx‖_F ‖Syy‖_F), also called the RV coefficient. Same under
  /// rotations. Cost 2·d², no decomposition. Kornblith et al. 2019.
  linear_cka,
  /// Similarity in [−1, 1]: CKA from unbiased HSIC; 0 on average for unrelated data. Same under
  /// rotations. Needs norm sums in the moments, and equal weights. Cost 2·d². Song et al. 2012,
  /// equation 5; Nguyen, Raghu, Kornblith 2020, arXiv:2010.15327.
  linear_cka_debiased,
  /// Similarity in [−1, 1]: CKA of the Gram matrices without their diagonals. Same under rotations.
  /// Needs norm sums in the moments, and equal weights. Cost 2·d². Smilde et al. 2009.
  rv2,
  /// Similarity in [0, 1]: the share of x's variance that a linear map of y explains,
  /// tr(Sxy Syy⁻¹ Syx) / tr Sxx. Same under rotations of x and invertible maps of y. Cost 2·d³.
  /// Kornblith et al. 2019.
  linreg_x_from_y,
  /// linreg_x_from_y of the swapped pair.
  linreg_y_from_x,
  /// Distance in [0, ∞) in the activations' unit: the smallest ‖X Q − Y‖_F over rotations Q of the
  /// centred activations, √((n − 1)(tr Sxx + tr Syy − 2‖Sxy‖_*)). Grows with √n. Same under
  /// rotations, but not under a change of scale. A metric. Cost 4·d³. Schönemann 1966.
  procrustes,
  /// Distance in [0, 2]: 2 − 2‖Sxy‖_* / √(tr Sxx · tr Syy). This is the squared Procrustes distance
  /// after both sides are scaled to norm 1. Same under rotations. Cost 4·d³. Ding, Denain,
  /// Steinhardt 2021, arXiv:2108.01661.
  procrustes_normalised,
  /// Distance in [0, π/2]: arccos(‖Sxy‖_* / √(tr Sxx · tr Syy)), angular shape distance. Same under
  /// rotations. A metric. Cost 4·d³. Williams et al. 2021, arXiv:2110.14739.
  angular,
  /// Distance in [0, π/2]: the angular distance after each side is multiplied by
  /// Z = α·I + (1 − α)·S^-½, with α from SolveOptions. α = 1 is `angular`, α = 0 is CCA. Same under
  /// rotations; the same under a change of scale only for α = 0 and 1. A metric. Cost 8·d³.
  /// Williams et al. 2021.
  partial_whitening,
};

/// One measure of the registry.
struct MeasureInfo {
  Measure measure;
  std::string_view name;  ///< the bare name, e.g. "pwcca"
  Direction direction;    ///< of its formula
  Measure swapped;        ///< the measure that gives this value for the swapped pair
  /// True for a similarity whose distance, 1 − similarity, is in use too. Rows then hold the
  /// distance.
  bool has_distance;
  Quantities needs;
  bool needs_norm_sums;  ///< in the moments, see MomentsOptions
  std::string_view summary;

  /// The direction that rows and curves show.
  Direction shown() const { return has_distance ? Direction::distance : Direction::similarity; }
  /// The measure as rows name it, with its direction: "pwcca_distance".
  LIVECCA_EXPORT std::string row_name() const;
};

/// The registry: one entry per Measure, in the order of the enum.
LIVECCA_EXPORT std::span<const MeasureInfo> measures();
/// The registry's entry of this bare name, or null.
LIVECCA_EXPORT const MeasureInfo* find_measure(std::string_view name);
LIVECCA_EXPORT const MeasureInfo& info_of(Measure measure);

/// The quantities that a solve must compute for these measures.
LIVECCA_EXPORT Quantities needs_of(std::span<const MeasureInfo* const> measures);

/// A number, with its floor, error and status.
struct MeasureResult {
  const MeasureInfo* measure = nullptr;
  std::optional<double> value;  ///< in the measure's own direction
  /// The score of independent data, on the value's scale; empty if none holds, like p_value.
  std::optional<double> floor;
  /// The same for the value and for 1 − value; empty unless standard_errors() computed it.
  std::optional<double> standard_error;
  /// The probability that independent Gaussian data of this size is at least as similar. Exact or
  /// nearly so for samples that do not depend on each other. If an image gives several rows, it
  /// counts independent_samples. Of means over frequencies it is mostly too large. Empty where no
  /// law holds: of shape distances and CKA if an image gives several rows that cannot be read
  /// again. See docs/measures.md.
  std::optional<double> p_value;
  /// How many independent samples the floor and the p-value count. Of one row an image: the
  /// effective samples. If an image gives several rows, from images to rows, by how much they
  /// depend on each other as this measure weighs them; images, if that is not known.
  double independent_samples = 0;
  Status status = Status::missing;

  /// The value as a similarity; empty if the measure has no similarity. The others work alike.
  LIVECCA_EXPORT std::optional<double> similarity() const;
  LIVECCA_EXPORT std::optional<double> distance() const;
  LIVECCA_EXPORT std::optional<double> similarity_floor() const;
  LIVECCA_EXPORT std::optional<double> distance_floor() const;
};

/// The facts of a pair. Every number of the pair carries them.
struct PairFacts {
  std::uint64_t samples = 0;
  double effective_samples = 0;
  double different_share = 1;  ///< of the images: below 1 if some come again
  double effective_rows = 0;   ///< differs from effective_samples if an image gives several rows
  double independent_samples = 0;  ///< see MeasureResult; of CCA
  /// An image gives one row, or it is known how much its rows depend on each other.
  bool is_dependence_known = false;
  std::optional<PositionChance> positions{};  ///< see PairSolution
  std::uint64_t samples_left_out = 0;
  std::array<std::size_t, 2> features{};
  std::array<std::size_t, 2> features_of_taps{};  ///< before a wide tap was cut
  std::array<std::uint64_t, 2> feature_seeds{};   ///< of the features kept, see choose_features()
  /// Empty if the solve did not compute ranks.
  std::array<std::optional<std::size_t>, 2> ranks{};
  std::array<std::size_t, 2> svcca_kept{};
  Precision precision = Precision::exact;
  bool is_complex = false;  ///< both sides are, see TapSolution
  Status status = Status::missing;
};

LIVECCA_EXPORT PairFacts facts_of(const PanelSolution& solution, std::size_t pair);

/// Computes one measure of a pair from its solution. The status is `missing` if the solve did not
/// compute what the measure needs, or if norm sums are missing. The floor is the average score of
/// independent data: noise_floor.hpp has the formulas, docs/measures.md says how well they hold.
/// Cost: O(features) beside the floor and its law, which take up to some milliseconds for CCA and
/// 0.1 ms for the distances of shapes of 512 features. Neither uses random numbers: the same
/// solution gives the same bits.
LIVECCA_EXPORT MeasureResult evaluate(const PanelSolution& solution, std::size_t pair,
                                      const MeasureInfo& measure);

/// About how many effective samples it takes to tell this result of evaluate() from chance, in four
/// of five cases, if the effect is as large as it looks now: the square of the similarity without
/// that of the floor. If every score is chance at this size: samples_per_feature for each feature
/// of the wider side. Empty if the p-value is below 0.01 or not known, and if the value is no more
/// similar than its floor: no number of samples can then be named. Nor can it if positions raise
/// the floor and this makes it more doubtful than the effect is large. Cost: some milliseconds.
LIVECCA_EXPORT std::optional<double> samples_needed(const PanelSolution& solution, std::size_t pair,
                                                    const MeasureResult& result);

/// The value of evaluate() alone, without its floor, which takes longer.
LIVECCA_EXPORT std::optional<double> evaluate_value(const PanelSolution& solution, std::size_t pair,
                                                    const MeasureInfo& measure);

/// The floor of mean_cca, even if mean_cca was not asked for; empty without ranks or a value.
LIVECCA_EXPORT std::optional<double> mean_cca_floor(const PairFacts& facts);

/// limiting_mean_correlation() of the pair; empty without ranks or a value.
LIVECCA_EXPORT std::optional<double> limiting_mean_cca(const PairFacts& facts);

/// Independent data of this size has a larger largest canonical correlation in 1 of 20 cases. See
/// the other largest_correlation_line(). Empty without ranks or where the line is not derived.
LIVECCA_EXPORT std::optional<double> largest_correlation_line(const PairFacts& facts);

/// The canonical correlations without the bias of few samples, see debiased_correlation(). An entry
/// is empty if its correlation could come from independent data.
LIVECCA_EXPORT std::vector<std::optional<double>> debiased_correlations(
    const PanelSolution& solution, std::size_t pair);

}  // namespace livecca
