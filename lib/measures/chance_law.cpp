#include "measures/chance_law.hpp"

#include <algorithm>
#include <array>
#include <cmath>
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

ChanceLaw ChanceLaw::moved_to(double mean, double doubt) const {
  const double deviation = std::hypot(deviation_, doubt);
  return kind_ == Kind::beta ? of_beta(mean, deviation * deviation)
                             : of_root(mean, deviation, forced_);
}

ChanceLaw ChanceLaw::of_nuclear_norm(const UnrelatedSides& sides) {
  const NuclearNormChance& chance = kept_nuclear_norm_chance(sides);
  // Of some sides all scores are the same, for example if one is white and spans all n − 1
  // dimensions. What is left of the deviation is then the error of the mean.
  constexpr double error_of_mean = 3e-5;
  const bool varies = chance.deviation > error_of_mean * chance.mean;
  ChanceLaw law = of_root(chance.mean, varies ? chance.deviation : 0, chance.steady);
  law.mean_ = chance.mean;
  return law;
}

double ChanceLaw::effect_of(double value) const {
  if (kind_ == Kind::beta) return (value - mean_) / (1 - mean_);
  return (value * value - mean_ * mean_) / (1 - mean_ * mean_);
}

double ChanceLaw::score_of(double effect) const {
  if (kind_ == Kind::beta) return mean_ + effect * (1 - mean_);
  return std::sqrt(mean_ * mean_ + effect * (1 - mean_ * mean_));
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
  constexpr double four_of_five = 3.2;  // deviations: 2.3 for a probability of 0.01, and 0.9 more
  constexpr double most = 1e9;
  const ChanceLaw now = law(n);
  const double effect = now.effect_of(similarity);
  if (now.says_nothing() || !(effect > 0)) return std::nullopt;
  // The deviation falls with the root of n, and so does most of the floor.
  double samples = n;
  for (int i = 0; i < 12; ++i) {
    const ChanceLaw then = i == 0 ? now : law(samples);
    if (then.says_nothing()) return std::nullopt;
    const double deviations = (then.score_of(effect) - then.mean()) / then.deviation();
    const double factor = four_of_five / deviations;
    if (std::abs(factor - 1) < 0.01) break;
    samples = std::max(n, samples * factor * factor);
    if (!(samples < most)) return std::nullopt;
  }
  return std::ceil(samples);
}

}  // namespace livecca
