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
  /// How much the mean would vary with other networks; empty for too few networks, see
  /// group_means().
  std::optional<double> standard_error;
  std::size_t pairs = 0;          ///< with a value: the mean is over these
  std::size_t pairs_missing = 0;  ///< without a value: left out
  std::size_t networks = 0;       ///< that are in at least one of the pairs
};

/// The mean over all pairs with one network in each of two groups.
struct MeanBetweenGroups {
  std::array<std::size_t, 2> groups{};  ///< ascending
  GroupMean mean;
};

struct GroupMeans {
  std::vector<GroupMean> within;           ///< one per group
  std::vector<MeanBetweenGroups> between;  ///< all pairs of groups: 0 and 1, 0 and 2, …, 1 and 2, …
};

/// Means of pairwise values within and between groups of networks. Example: distances among
/// networks that generalise, and among networks that memorise.
///
/// `values` is networks × networks, row-major. Only entries (i, j) with i < j are read, so every
/// pair counts once. `group_of` has one entry per network: its group, below `groups`, or nothing
/// for a network in no group.
///
/// Pairs that share a network depend on each other, so the spread over pairs would give an error
/// that is far too small. The standard error is a jackknife that leaves out one network with all
/// its pairs. Within a group of n ≥ 3 networks, with θ₋ᵢ the mean without network i: SE² = (n −
/// 1)/n · Σᵢ (θ₋ᵢ − θ̄₋)². Between groups, SE² is the sum of this over the networks of both sides;
/// each side needs at least 2. The variance that comes from the networks is unbiased. The noise
/// of single pairs is counted about twice: if it dominates, the error is too large by a
/// factor of up to 1.4 (many networks) or 2 (three). The error is empty if leaving out one network
/// leaves no value to average.
///
/// Cost: O(networks³). Throws Error if sizes do not match or a group is not below `groups`.
/// Thread safety: a pure function. Source: Arvesen 1969, "Jackknifing U-statistics" (Annals of
/// Mathematical Statistics 40), for one sample and for two.
LIVECCA_EXPORT GroupMeans group_means(std::span<const std::optional<double>> values,
                                      std::span<const std::optional<std::size_t>> group_of,
                                      std::size_t groups);

}  // namespace livecca
