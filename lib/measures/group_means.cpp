#include "livecca/measures/group_means.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

/// A pair with a value.
struct Pair {
  std::size_t first;
  std::size_t second;
  double value;

  bool has(std::size_t network) const { return first == network || second == network; }
};

/// The pairs of a group, or between two.
struct Pairs {
  std::vector<Pair> pairs;
  std::size_t missing = 0;

  /// Over all pairs but those of one network.
  std::optional<double> mean_without(std::optional<std::size_t> network) const {
    double sum = 0;
    std::size_t count = 0;
    for (const Pair& pair : pairs) {
      if (network && pair.has(*network)) continue;
      sum += pair.value;
      ++count;
    }
    if (count == 0) return std::nullopt;
    return sum / static_cast<double>(count);
  }

  bool has(std::size_t network) const {
    return std::ranges::any_of(pairs, [&](const Pair& pair) { return pair.has(network); });
  }
};

using Values = std::span<const std::optional<double>>;
using Networks = std::vector<std::size_t>;

void add_pair(Pairs& pairs, Values values, std::size_t networks, std::size_t a, std::size_t b) {
  const auto [first, second] = std::minmax(a, b);
  const std::optional<double>& value = values[first * networks + second];
  if (value && std::isfinite(*value)) {
    pairs.pairs.push_back({first, second, *value});
  } else {
    ++pairs.missing;
  }
}

/// Those that any pair is left of: leaving out another would change nothing and count as one that
/// varies by nothing.
Networks in_pairs(const Networks& networks, const Pairs& pairs) {
  Networks result;
  std::ranges::copy_if(networks, std::back_inserter(result),
                       [&](std::size_t network) { return pairs.has(network); });
  return result;
}

/// The jackknife's variance over the networks of one side.
std::optional<double> variance_over(const Networks& networks, const Pairs& pairs,
                                    std::size_t fewest) {
  if (networks.size() < fewest) return std::nullopt;
  std::vector<double> means;
  double sum = 0;
  for (const std::size_t network : networks) {
    const std::optional<double> mean = pairs.mean_without(network);
    if (!mean) return std::nullopt;
    means.push_back(*mean);
    sum += *mean;
  }
  const auto count = static_cast<double>(networks.size());
  double squares = 0;
  for (const double mean : means) squares += (mean - sum / count) * (mean - sum / count);
  return (count - 1) / count * squares;
}

/// Without a standard error yet.
GroupMean mean_of(const Pairs& pairs, std::size_t networks) {
  return {pairs.mean_without(std::nullopt), {}, pairs.pairs.size(), pairs.missing, networks};
}

GroupMean mean_within(Values values, std::size_t all, const Networks& group) {
  Pairs pairs;
  for (std::size_t i = 0; i < group.size(); ++i) {
    for (std::size_t j = i + 1; j < group.size(); ++j) {
      add_pair(pairs, values, all, group[i], group[j]);
    }
  }
  const Networks networks = in_pairs(group, pairs);
  GroupMean result = mean_of(pairs, networks.size());
  if (const auto variance = variance_over(networks, pairs, 3)) {
    result.standard_error = std::sqrt(*variance);
  }
  return result;
}

GroupMean mean_between(Values values, std::size_t all, const Networks& left,
                       const Networks& right) {
  Pairs pairs;
  for (const std::size_t i : left) {
    for (const std::size_t j : right) add_pair(pairs, values, all, i, j);
  }
  const Networks networks_left = in_pairs(left, pairs);
  const Networks networks_right = in_pairs(right, pairs);
  GroupMean result = mean_of(pairs, networks_left.size() + networks_right.size());
  const auto variance_left = variance_over(networks_left, pairs, 2);
  const auto variance_right = variance_over(networks_right, pairs, 2);
  if (variance_left && variance_right) {
    result.standard_error = std::sqrt(*variance_left + *variance_right);
  }
  return result;
}

}  // namespace

GroupMeans group_means(std::span<const std::optional<double>> values,
                       std::span<const std::optional<std::size_t>> group_of, std::size_t groups) {
  const std::size_t networks = group_of.size();
  if (values.size() != networks * networks) {
    throw Error("group means: expected a value for each of " + std::to_string(networks) + " x " +
                std::to_string(networks) + " pairs, got " + std::to_string(values.size()));
  }
  std::vector<Networks> members(groups);
  for (std::size_t i = 0; i < networks; ++i) {
    if (!group_of[i]) continue;
    if (*group_of[i] >= groups) {
      throw Error("group means: expected groups below " + std::to_string(groups) + ", got " +
                  std::to_string(*group_of[i]));
    }
    members[*group_of[i]].push_back(i);
  }
  GroupMeans result;
  for (std::size_t a = 0; a < groups; ++a) {
    result.within.push_back(mean_within(values, networks, members[a]));
    for (std::size_t b = a + 1; b < groups; ++b) {
      result.between.push_back({{a, b}, mean_between(values, networks, members[a], members[b])});
    }
  }
  return result;
}

}  // namespace livecca
