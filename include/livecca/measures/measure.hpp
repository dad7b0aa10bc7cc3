#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/measures/status.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca {

/// One measure of the registry.
struct MeasureInfo {
  std::string_view name;  ///< the bare name, e.g. "pwcca"
  bool has_distance;      ///< distance = 1 − similarity is in use
  std::string_view summary;
};

/// The registry: mean_cca, pwcca, pwcca_y, svcca, linear_cka, linear_cka_debiased.
LIVECCA_EXPORT std::span<const MeasureInfo> measures();
/// The registry's entry, or null.
LIVECCA_EXPORT const MeasureInfo* find_measure(std::string_view name);

/// A number with all that is needed to judge it.
struct MeasureResult {
  const MeasureInfo* measure = nullptr;
  std::optional<double> similarity;  ///< [0, 1]; debiased ones may fall below 0
  /// What independent data would score, on the similarity's scale; empty where none is derived.
  std::optional<double> similarity_floor;
  /// Of the similarity, and of the distance too; empty unless standard_errors() gave it.
  std::optional<double> standard_error;
  Status status = Status::missing;

  LIVECCA_EXPORT std::optional<double> distance() const;
  /// The floor on the distance's scale: 1 − similarity_floor.
  LIVECCA_EXPORT std::optional<double> distance_floor() const;
};

/// The facts of a pair that every one of its numbers carries.
struct PairFacts {
  std::uint64_t samples = 0;
  double effective_samples = 0;
  std::uint64_t samples_left_out = 0;
  std::array<std::size_t, 2> features{};
  std::array<std::size_t, 2> features_of_taps{};  ///< before they were cut to a choice
  std::array<std::size_t, 2> ranks{};
  std::array<std::size_t, 2> svcca_kept{};
  Precision precision = Precision::exact;
  Status status = Status::missing;
};

LIVECCA_EXPORT PairFacts facts_of(const PanelSolution& solution, std::size_t pair);

/// Computes one measure of a pair from its solution. Cost: O(features).
///
/// The floor is that of the mean correlation for the ranks in play. It holds for PWCCA, whose
/// weights are independent of the ρ under independence, and for SVCCA with the numbers of kept
/// directions as ranks; none is derived for linear CKA.
/// Debiased CKA is missing where the moments have no norm sums.
LIVECCA_EXPORT MeasureResult evaluate(const PanelSolution& solution, std::size_t pair,
                                      const MeasureInfo& measure);

}  // namespace livecca
