#include "measures/chance_law.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "livecca/measures/noise_floor.hpp"

namespace livecca {
namespace {

/// Mean and deviation of the mean correlation, which cost up to a millisecond. Many pairs of a
/// snapshot have the same ranks and samples, so the latest few are kept, for each thread.
struct MeanAndDeviation {
  std::size_t p = 0;
  std::size_t q = 0;
  double n = 0;
  Numbers numbers = Numbers::real;
  double mean = 1;
  double deviation = 0;
};

const MeanAndDeviation& mean_and_deviation(std::size_t p, std::size_t q, double n,
                                           Numbers numbers) {
  thread_local std::array<MeanAndDeviation, 16> kept;
  thread_local std::size_t oldest = 0;
  const auto found = std::ranges::find_if(kept, [&](const MeanAndDeviation& law) {
    return law.p == p && law.q == q && law.n == n && law.numbers == numbers;
  });
  if (found != kept.end()) return *found;
  MeanAndDeviation& law = kept[std::exchange(oldest, (oldest + 1) % kept.size())];
  law = {.p = p, .q = q, .n = n, .numbers = numbers};
  const bool real = numbers == Numbers::real;
  law.mean = real ? mean_correlation_floor(p, q, n) : complex_mean_correlation_floor(p, q, n);
  law.deviation =
      real ? mean_correlation_deviation(p, q, n) : complex_mean_correlation_deviation(p, q, n);
  return law;
}

/// The chance of two spectra.
struct ChanceOfSides {
  std::vector<double> shares_x;
  std::vector<double> shares_y;
  double samples = 0;
  Numbers numbers = Numbers::real;
  bool weighted = false;
  NuclearNormChance chance;

  bool is_of(const UnrelatedSides& sides) const {
    return samples == sides.samples && numbers == sides.numbers && weighted == sides.weighted &&
           std::ranges::equal(shares_x, sides.shares_x) &&
           std::ranges::equal(shares_y, sides.shares_y);
  }
};

const NuclearNormChance& kept_nuclear_norm_chance(const UnrelatedSides& sides) {
  thread_local std::array<ChanceOfSides, 4> kept;
  thread_local std::size_t oldest = 0;
  const auto found =
      std::ranges::find_if(kept, [&](const ChanceOfSides& of) { return of.is_of(sides); });
  if (found != kept.end()) return found->chance;
  ChanceOfSides& place = kept[std::exchange(oldest, (oldest + 1) % kept.size())];
  place = {.shares_x = {sides.shares_x.begin(), sides.shares_x.end()},
           .shares_y = {sides.shares_y.begin(), sides.shares_y.end()},
           .samples = sides.samples,
           .numbers = sides.numbers,
           .weighted = sides.weighted,
           .chance = nuclear_norm_chance(sides)};
  return place.chance;
}

/// A number of samples, and the logarithm of how many times more than enough the deviations are by
/// which a score is then above its floor.
struct Tried {
  double samples = 0;
  double excess = 0;
};

/// NaN if the law says nothing.
double excess(const ChanceLaw& law, double effect) {
  constexpr double four_of_five = 3.2;  // 2.3 for a probability of 0.01, and 0.9 more
  if (law.says_nothing()) return std::numeric_limits<double>::quiet_NaN();
  return std::log((law.score_of(effect) - law.mean()) / law.deviation() / four_of_five);
}

/// Where a line through both, in logarithms, has an excess of 0.
double on_chord(const Tried& few, const Tried& many) {
  const double share = few.excess / (few.excess - many.excess);
  return few.samples * std::pow(many.samples / few.samples, share);
}

/// How often a variance counts: complex numbers have half of that of real ones.
double times_of(Numbers numbers) { return numbers == Numbers::real ? 2 : 1; }

}  // namespace

ChanceLaw ChanceLaw::of_root(double mean, double deviation, double forced) {
  ChanceLaw law;
  const double free_mean = (mean - forced) / (1 - forced);
  const double free_deviation = deviation / (1 - forced);
  if (!(free_mean > 0) || !(free_mean < 1) || !(free_deviation > 0)) return law;
  law.kind_ = Kind::root_beta;
  law.mean_ = mean;
  law.floor_.rest = mean;
  law.deviation_ = deviation;
  law.forced_ = forced;
  const RootBetaLaw root = RootBetaLaw::of(free_mean, free_deviation);
  law.a_ = root.a();
  law.b_ = root.b();
  return law;
}

ChanceLaw ChanceLaw::of_beta(double mean, double variance) {
  ChanceLaw law;
  const double sum = mean * (1 - mean) / variance - 1;
  if (!(mean > 0) || !(mean < 1) || !(variance > 0) || !(sum > 0)) return law;
  law.kind_ = Kind::beta;
  law.mean_ = mean;
  law.floor_.rest = mean;
  law.deviation_ = std::sqrt(variance);
  law.a_ = mean * sum;
  law.b_ = (1 - mean) * sum;
  return law;
}

ChanceLaw ChanceLaw::of_mean_correlation(std::size_t p, std::size_t q, double n,
                                         double weight_spread, Numbers numbers) {
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  const double freedom = n - 1;
  if (smaller == 0 || !(freedom > larger)) return {};
  const MeanAndDeviation& law = mean_and_deviation(p, q, n, numbers);
  const double forced = std::max(0.0, smaller + larger - freedom) / smaller;
  if (smaller == 1) {  // exactly
    ChanceLaw one = of_root(law.mean, law.deviation, 0);
    one.a_ = larger / times_of(numbers);
    one.b_ = (freedom - larger) / times_of(numbers);
    return one;
  }
  if (!(weight_spread > 0)) return of_root(law.mean, law.deviation, forced);
  // The directions are uniformly distributed, whatever the correlations. So the weights might as
  // well be dealt out at random, and Var Σ wρ = Var(mean ρ) + Σ (w − 1/k)² · Σ (ρ − mean)² / (k −
  // 1). The mean of ρ² is larger / (n − 1), exactly.
  const double square = larger / freedom - law.mean * law.mean - law.deviation * law.deviation;
  const double variance = law.deviation * law.deviation +
                          weight_spread * smaller / (smaller - 1) * std::max(0.0, square);
  return of_root(law.mean, std::sqrt(variance), 0);
}

ChanceLaw ChanceLaw::of_mean_squared_correlation(std::size_t p, std::size_t q, double n,
                                                 Numbers numbers) {
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  const double freedom = n - 1;
  if (smaller == 0 || !(freedom > larger)) return {};
  const double times = times_of(numbers);
  const double variance = times * larger * (freedom - smaller) * (freedom - larger) /
                          (smaller * freedom * freedom * (freedom - 1) * (freedom + times));
  return of_beta(larger / freedom, variance);
}

ChanceLaw ChanceLaw::of_regression(std::size_t q, double effective_rank, double n,
                                   Numbers numbers) {
  const auto rank = static_cast<double>(q);
  const double freedom = n - 1;
  if (q == 0 || !(freedom > rank) || !(effective_rank > 0)) return {};
  // The shares of x's principal directions are the diagonal of a uniformly distributed projection.
  const double times = times_of(numbers);
  const double of_one = times * rank * (freedom - rank) / (freedom * freedom * (freedom + times));
  return of_beta(rank / freedom, of_one * (freedom / effective_rank - 1) / (freedom - 1));
}

ChanceLaw ChanceLaw::of_linear_cka(double effective_rank_x, double effective_rank_y, double n,
                                   Numbers numbers) {
  const double freedom = n - 1;
  if (!(freedom > 1) || !(effective_rank_x > 0) || !(effective_rank_y > 0)) return {};
  const double times = times_of(numbers);
  const double variance = times / ((freedom - 1) * (freedom + times)) *
                          (1 - effective_rank_x / freedom) * (1 - effective_rank_y / freedom);
  return of_beta(std::sqrt(effective_rank_x * effective_rank_y) / freedom, variance);
}

ChanceLaw ChanceLaw::raised_to(const RaisedFloor& floor, double doubt) const {
  const double mean = std::min(1.0, floor.mean());
  const double deviation = std::hypot(deviation_, doubt);
  ChanceLaw law = kind_ == Kind::beta ? of_beta(mean, deviation * deviation)
                                      : of_root(mean, deviation, forced_);
  law.floor_ = floor;
  return law;
}

ChanceLaw ChanceLaw::of_nuclear_norm(const UnrelatedSides& sides) {
  const NuclearNormChance& chance = kept_nuclear_norm_chance(sides);
  // Of some sides all scores are the same, for example if one is white and spans all n − 1
  // dimensions. What is left of the deviation is then the error of the mean.
  constexpr double error_of_mean = 3e-5;
  const bool varies = chance.deviation > error_of_mean * chance.mean;
  ChanceLaw law = of_root(chance.mean, varies ? chance.deviation : 0, chance.steady);
  law.mean_ = chance.mean;
  law.floor_.rest = chance.mean;
  return law;
}

ChanceLaw ChanceLaw::of_mean_at_most(std::span<const ChanceLaw> laws,
                                     std::span<const double> weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  double mean = 0;
  double deviation = 0;
  double forced = 0;
  bool is_beta = false;
  for (std::size_t i = 0; i < laws.size(); ++i) {
    const double weight = weights[i] / sum;
    mean += weight * laws[i].mean_;
    deviation += weight * laws[i].deviation_;
    forced += weight * (laws[i].says_nothing() ? laws[i].mean_ : laws[i].forced_);
    is_beta = is_beta || laws[i].kind_ == Kind::beta;
  }
  return is_beta ? of_beta(mean, deviation * deviation) : of_root(mean, deviation, forced);
}

double ChanceLaw::effect_of(double value) const {
  const double rest = std::max(0.0, (value - floor_.shared) / floor_.share_of_rest);
  if (kind_ == Kind::beta) return (rest - floor_.rest) / (1 - floor_.rest);
  return (rest * rest - floor_.rest * floor_.rest) / (1 - floor_.rest * floor_.rest);
}

double ChanceLaw::score_of(double effect) const {
  const double floor = floor_.rest;
  const double rest = kind_ == Kind::beta ? floor + effect * (1 - floor)
                                          : std::sqrt(floor * floor + effect * (1 - floor * floor));
  return floor_.shared + floor_.share_of_rest * rest;
}

double ChanceLaw::above(double value) const {
  if (std::isnan(value)) return value;
  switch (kind_) {
    case Kind::nothing:
      return 1;
    case Kind::root_beta:
      return RootBetaLaw(a_, b_).above((value - forced_) / (1 - forced_));
    case Kind::beta:
      return incomplete_beta(b_, a_, 1 - value);
  }
  return 1;
}

std::optional<double> samples_to_tell(double similarity, double n,
                                      const std::function<ChanceLaw(double)>& law) {
  constexpr double most = 1e9;
  constexpr int rounds = 40;
  constexpr double hardly_enough = 0.2;
  const ChanceLaw now = law(n);
  const double effect = now.effect_of(similarity);
  if (now.says_nothing() || !(effect > 0)) return std::nullopt;
  Tried too_few{n, excess(now, effect)};
  if (too_few.excess >= 0) return std::ceil(n);
  Tried enough{most, excess(law(most), effect)};
  // What is hardly enough with any number of samples would take a number that means nothing.
  if (enough.excess < hardly_enough) return std::nullopt;
  for (int i = 0; i < rounds && too_few.excess < 0 && enough.excess > 0; ++i) {
    // Most floors and deviations fall with the root of the samples; those of positions do not.
    const double rooted = too_few.samples * std::exp(-2 * too_few.excess);
    const double samples = i == 0 ? rooted : i % 3 == 0 ? 0 : on_chord(too_few, enough);
    const bool is_between = samples > too_few.samples && samples < enough.samples;
    Tried next{is_between ? samples : std::sqrt(too_few.samples) * std::sqrt(enough.samples)};
    next.excess = excess(law(next.samples), effect);
    if (std::abs(next.excess) < 0.01) return std::ceil(next.samples);
    (next.excess < 0 ? too_few : enough) = next;
    // A direction more is seen from some number of samples on, so there may be a step.
    if (enough.samples < 1.01 * too_few.samples) return std::ceil(enough.samples);
  }
  return std::nullopt;
}

}  // namespace livecca
