#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "livecca/common/export.hpp"

namespace livecca {

/// The mean of a measure over pairs of networks.
struct GroupMean {
  std::optional<double> mean;  ///< empty where no pair has a value
  /// What the mean would vary by with other networks; empty where there are too few (see
  /// group_means()).
  std::optional<double> standard_error;
  std::size_t pairs = 0;          ///< with a value: what the mean is over
  std::size_t pairs_missing = 0;  ///< without one, left out
  std::size_t networks = 0;       ///< in at least one of the pairs
};

/// The mean over the pairs that have one network in each of two groups.
struct MeanBetweenGroups {
  std::array<std::size_t, 2> groups{};  ///< ascending
  GroupMean mean;
};

struct GroupMeans {
  std::vector<GroupMean> within;           ///< one a group
  std::vector<MeanBetweenGroups> between;  ///< every two groups: 0 and 1, 0 and 2, …, 1 and 2, …
};

/// Means of pairwise values within and between groups of networks, e.g. distances among networks
/// that generalise and among networks that memorise.
///
/// `values` is networks × networks, row-major; the entry (i, j) with i < j is the pair's value, and
/// no other entry is read, so every pair counts once. `group_of` has one entry a network: a group
/// below `groups`, or nothing for a network in none.
///
/// Pairs that share a network depend on one another: the spread over pairs, divided by their
/// number, would be far too small an error. The standard error is the jackknife that leaves out one
/// network with all its pairs. Within a group of n networks, of which θ₋ᵢ is the mean without
/// network i: SE² = (n − 1)/n · Σᵢ (θ₋ᵢ − θ̄₋)², for n ≥ 3. Between groups the sum of that over one
/// side's networks and over the other's, for at least 2 on each side. The part of SE² that comes
/// from the networks is unbiased; what every pair has of its own counts about twice: where that
/// dominates, the error is up to 1.4 (many networks) or 2 (three) times too large. Empty where a
/// missing value leaves nothing to average without one of the networks.
///
/// Cost: O(networks³). Throws Error where the sizes do not fit or a group is not below `groups`.
/// Thread safety: a pure function. Source: Arvesen 1969, "Jackknifing U-statistics" (Annals of
/// Mathematical Statistics 40), for one sample and for two.
LIVECCA_EXPORT GroupMeans group_means(std::span<const std::optional<double>> values,
                                      std::span<const std::optional<std::size_t>> group_of,
                                      std::size_t groups);

}  // namespace livecca
