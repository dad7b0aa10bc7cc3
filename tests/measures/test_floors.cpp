#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>
#include <random>
#include <vector>

#include "livecca/measures/noise_floor.hpp"

using namespace livecca;
using Eigen::Index;

namespace {

constexpr std::uint64_t floors_seed = 2718;

struct Size {
  int p;
  int q;
  int n;
  int draws;
};

/// The ranks as the functions take them.
std::size_t rank(int value) { return static_cast<std::size_t>(value); }

template <typename Matrix>
Matrix gaussian(Index rows, Index columns, std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  return Matrix::NullaryExpr(rows, columns, [&] {
    if constexpr (Eigen::NumTraits<typename Matrix::Scalar>::IsComplex) {
      const double real = normal(engine);
      return std::complex<double>(real, normal(engine));
    } else {
      return normal(engine);
    }
  });
}

/// Canonical correlations of independent Gaussian data, ascending. The span of y is taken as that
/// of the first q axes of the n − 1 dimensions that centering leaves: only the angles to x's
/// matter.
template <typename Matrix>
Eigen::ArrayXd independent_correlations(const Size& size, std::mt19937_64& engine) {
  const Matrix x = gaussian<Matrix>(size.n - 1, size.p, engine);
  const Eigen::HouseholderQR<Matrix> qr(x);
  const Matrix basis = qr.householderQ() * Matrix::Identity(size.n - 1, size.p);
  const Matrix within = basis.topRows(size.q);
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(within.adjoint() * within,
                                                     Eigen::EigenvaluesOnly);
  return solver.eigenvalues().array().max(0).min(1).sqrt();
}

/// What independent data of one size score.
struct Simulation {
  std::vector<double> means;
  std::vector<double> squares;  ///< mean ρ²
  std::vector<double> largest;
};

/// p ≤ q < n − 1.
template <typename Matrix = Eigen::MatrixXd>
Simulation simulate(const Size& size) {
  std::mt19937_64 engine(floors_seed + static_cast<std::uint64_t>(100 * size.p + size.n));
  Simulation result;
  for (int draw = 0; draw < size.draws; ++draw) {
    const Eigen::ArrayXd rho = independent_correlations<Matrix>(size, engine);
    result.means.push_back(rho.mean());
    result.squares.push_back(rho.square().mean());
    result.largest.push_back(rho.maxCoeff());
  }
  return result;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean_of(a);
  const double mean_b = mean_of(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size() - 1);
}

struct Estimate {
  double value;
  double standard_error;
};

/// The mean of ρ over draws, freed of what the draws' mean ρ² shows to be chance: the expectation
/// of mean ρ² is q/(n − 1) exactly. Errors fall to a fifth or less.
Estimate expected_mean(const Simulation& simulation, const Size& size) {
  const double variance = covariance(simulation.squares, simulation.squares);
  const double shared = covariance(simulation.means, simulation.squares);
  const double slope = shared / variance;
  const double rest = covariance(simulation.means, simulation.means) - slope * shared;
  const double excess = mean_of(simulation.squares) - size.q / (size.n - 1.0);
  return {mean_of(simulation.means) - slope * excess,
          std::sqrt(std::max(0.0, rest) / static_cast<double>(size.draws))};
}

double share_of(const std::vector<double>& values, const auto& condition) {
  return static_cast<double>(std::ranges::count_if(values, condition)) /
         static_cast<double>(values.size());
}

/// Of the share of draws that meet a condition.
double error_of_share(double share, int draws) { return std::sqrt(share * (1 - share) / draws); }

/// The largest of each K draws, on average.
Estimate largest_of(const std::vector<double>& values, std::size_t count) {
  std::vector<double> largest;
  for (std::size_t i = 0; i + count <= values.size(); i += count) {
    largest.push_back(*std::max_element(values.begin() + static_cast<std::ptrdiff_t>(i),
                                        values.begin() + static_cast<std::ptrdiff_t>(i + count)));
  }
  return {mean_of(largest),
          std::sqrt(covariance(largest, largest) / static_cast<double>(largest.size()))};
}

void check_mean(const Simulation& simulation, const Size& size) {
  const Estimate simulated = expected_mean(simulation, size);
  const double floor = mean_correlation_floor(rank(size.p), rank(size.q), size.n);
  MESSAGE(size.p << " and " << size.q << ", n " << size.n << ": floor " << floor << ", simulated "
                 << simulated.value << " +- " << simulated.standard_error);
  // 0.05 % is a quarter of what the floor promises to be within; four of them are rarely missed.
  CHECK(simulated.standard_error < 5e-4 * floor);
  CHECK(std::abs(floor - simulated.value) < 4 * simulated.standard_error + 1e-9);
}

void check_deviation(const Simulation& simulation, const Size& size) {
  const double deviation = mean_correlation_deviation(rank(size.p), rank(size.q), size.n);
  const double simulated = std::sqrt(covariance(simulation.means, simulation.means));
  // Of a normal number the estimate's relative error is 1/√(2 draws); the law's tails add to it.
  CHECK(std::abs(deviation / simulated - 1) < 5 / std::sqrt(2.0 * size.draws));
}

void check_line(const Simulation& simulation, const Size& size) {
  const auto line = largest_correlation_line(rank(size.p), rank(size.q), size.n);
  CHECK(line.has_value() == (size.p + size.q < size.n - 1));
  if (!line) return;
  const double share = share_of(simulation.largest, [&](double value) { return value > *line; });
  MESSAGE("above the line: " << share);
  CHECK(std::abs(share - 0.05) < 4 * error_of_share(0.05, size.draws));
}

bool is_roomy(const Size& size) { return size.n > 2 * (size.p + size.q); }

/// The value whose p-value this is, by bisection.
double value_with(double p_value, const Size& size) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    const double now = mean_correlation_p_value(middle, rank(size.p), rank(size.q), size.n);
    (now > p_value ? low : high) = middle;
  }
  return low;
}

/// From n = 2(p + q) on the law fits; nearer to n = p + q its tail is too thin.
void check_p_values(const Simulation& simulation, const Size& size) {
  for (const double level : {0.05, 0.01}) {
    const double least = value_with(level, size);
    const double share = share_of(simulation.means, [&](double value) { return value > least; });
    const double chance = 4 * error_of_share(level, size.draws);
    MESSAGE("p-values below " << level << ": " << share);
    CHECK(share > 0.9 * level - chance);
    CHECK(share < level + (is_roomy(size) ? 0.004 : level == 0.05 ? 0.027 : 0.018) + chance);
  }
}

void check_largest_of_pairs(const Simulation& simulation, const Size& size) {
  for (const std::size_t count : {2U, 8U, 32U}) {
    const double floor = largest_mean_correlation_floor(rank(size.p), rank(size.q), size.n,
                                                        static_cast<double>(count));
    const Estimate simulated = largest_of(simulation.means, count);
    MESSAGE("largest of " << count << ": " << floor << ", simulated " << simulated.value << " +- "
                          << simulated.standard_error);
    // The errors that docs/measures.md states.
    const bool has_room = size.n >= 3 * (size.p + size.q);
    const double of_many = !has_room ? 0.03 : count == 8 ? 0.006 : 0.014;
    const double error = count == 2 ? 0.002 : of_many;
    CHECK(std::abs(floor - simulated.value) <
          4 * simulated.standard_error + error * simulated.value);
  }
}

}  // namespace

TEST_CASE("floor, deviation, line, p-values and best of several of independent Gaussians") {
  MESSAGE("seed " << floors_seed);
  for (const Size& size : {Size{1, 1, 8, 170000},
                           {1, 6, 30, 20000},
                           {2, 2, 6, 40000},
                           {2, 2, 60, 66000},
                           {2, 9, 24, 8000},
                           {3, 3, 40, 28000},
                           {4, 4, 9, 20000},
                           {5, 12, 36, 4000},
                           {9, 9, 40, 4000},
                           {6, 7, 11, 12000},
                           {23, 23, 95, 700}}) {
    CAPTURE(size.p);
    CAPTURE(size.q);
    CAPTURE(size.n);
    const Simulation simulation = simulate(size);
    check_mean(simulation, size);
    check_deviation(simulation, size);
    check_line(simulation, size);
    check_p_values(simulation, size);
    if (size.draws >= 4000) check_largest_of_pairs(simulation, size);
  }
}

TEST_CASE("the floor of complex data is that of independent complex Gaussians") {
  MESSAGE("seed " << floors_seed);
  for (const Size& size :
       {Size{1, 1, 12, 12000}, {2, 2, 6, 12000}, {3, 5, 40, 6000}, {8, 8, 30, 2000}}) {
    CAPTURE(size.p);
    CAPTURE(size.n);
    const Estimate simulated = expected_mean(simulate<Eigen::MatrixXcd>(size), size);
    const double floor = complex_mean_correlation_floor(rank(size.p), rank(size.q), size.n);
    CHECK(simulated.standard_error < 2e-3 * floor);
    CHECK(std::abs(floor - simulated.value) < 4 * simulated.standard_error + 1e-9);
    const std::vector<double> means = simulate<Eigen::MatrixXcd>(size).means;
    const double deviation = std::sqrt(covariance(means, means));
    // Three standard errors of a deviation, for laws that are near to Gaussian.
    CHECK(std::abs(complex_mean_correlation_deviation(rank(size.p), rank(size.q), size.n) /
                       deviation -
                   1) < 3 / std::sqrt(2.0 * size.draws));
    // Real data scores less: the term of 1/p, or a narrower Beta law.
    CHECK(mean_correlation_floor(rank(size.p), rank(size.q), size.n) < 0.995 * floor);
  }
}

TEST_CASE("two neurons a side and six samples: everything by hand") {
  // The density of r and s, the two correlations, is ∝ |r² − s²| on the unit square. So the mean of
  // (r + s)/2 is 11/20, that of its square 13/40, and P(both ≤ x) = x⁴.
  CHECK(mean_correlation_floor(2, 2, 6) == doctest::Approx(0.55).epsilon(1e-7));
  const double variance = mean_correlation_deviation(2, 2, 6) * mean_correlation_deviation(2, 2, 6);
  CHECK(variance == doctest::Approx(0.325 - 0.55 * 0.55).epsilon(1e-5));
  CHECK(*largest_correlation_line(2, 2, 6) == doctest::Approx(std::pow(0.95, 0.25)).epsilon(1e-5));
}

TEST_CASE("mean and deviation of two neurons agree with the closed form of their determinant") {
  // (ρ₁ + ρ₂)² = ρ₁² + ρ₂² + 2 ρ₁ρ₂. The squares have mean 2q/N, and ρ₁²ρ₂² is a product of two
  // Beta numbers (Wilks), whose root has a mean in Gamma functions.
  const auto root_mean = [](double a, double b) {
    return std::exp(std::lgamma(a + 0.5) - std::lgamma(a) + std::lgamma(a + b) -
                    std::lgamma(a + b + 0.5));
  };
  for (const auto& [q, n] : {std::pair{2, 6.0},
                             {2, 5.0},
                             {2, 1000.0},
                             {3, 8.5},
                             {5, 30.0},
                             {40, 60.0},
                             {40, 5000.0},
                             {400, 5000.0}}) {
    CAPTURE(q);
    CAPTURE(n);
    const double rest = (n - 1 - q) / 2;
    const double product = root_mean(q / 2.0, rest) * root_mean((q - 1) / 2.0, rest);
    const double square = (q / (n - 1) + product) / 2;
    const double mean = mean_correlation_floor(2, rank(q), n);
    const double deviation = mean_correlation_deviation(2, rank(q), n);
    // The quadrature's error. One of 0.1 % in the mean would show as 2e-3.
    CHECK(mean * mean + deviation * deviation == doctest::Approx(square).epsilon(1e-6));
  }
}

TEST_CASE("p-values and largest of one neuron follow its Beta law") {
  // With ρ = sin φ the density is ∝ sin^(q−1) φ cos^(N−q−1) φ: midpoint sums.
  constexpr int q = 5;
  constexpr double n = 30;
  constexpr int points = 200000;
  const auto density = [](double phi) {
    return std::pow(std::sin(phi), q - 1) * std::pow(std::cos(phi), n - q - 2);
  };
  double mass = 0;
  double above = 0;
  for (int i = 0; i < points; ++i) {
    const double phi = std::acos(0.0) * (i + 0.5) / points;
    mass += density(phi);
    if (std::sin(phi) > 0.7) above += density(phi);
  }
  CHECK(mean_correlation_p_value(0.7, 1, q, n) == doctest::Approx(above / mass).epsilon(1e-3));
  CHECK(mean_correlation_p_value(*largest_correlation_line(1, q, n), q, 1, n) ==
        doctest::Approx(0.05).epsilon(1e-9));
  // One sample correlation is Student's t: t = ρ √((N − 1)/(1 − ρ²)); 2.0452 is its two-sided 5 %
  // point for 29 degrees of freedom.
  const double rho = 2.045230 / std::sqrt(29 + 2.045230 * 2.045230);
  CHECK(mean_correlation_p_value(rho, 1, 1, 31) == doctest::Approx(0.05).epsilon(1e-4));
}

TEST_CASE("p-values fall from 1 to 0, and are 1 where every score is chance") {
  for (const auto& [p, q, n] : {std::tuple{1, 1, 5.0},
                                {3, 8, 60.0},
                                {10, 10, 15.0},
                                {64, 80, 1000.0},
                                {200, 300, 600.5},
                                {2, 2, 1e8}}) {
    CAPTURE(p);
    CAPTURE(n);
    double last = 1;
    for (int i = 0; i <= 50; ++i) {
      const double now = mean_correlation_p_value(i / 50.0, rank(p), rank(q), n);
      CHECK(now <= last);
      CHECK(now >= 0);
      last = now;
    }
    CHECK(mean_correlation_p_value(0, rank(p), rank(q), n) == 1);
    CHECK(last == 0);
    const double floor = mean_correlation_floor(rank(p), rank(q), n);
    const double at_floor = mean_correlation_p_value(floor, rank(p), rank(q), n);
    CHECK(at_floor > 0.35);
    CHECK(at_floor < 0.6);
    CHECK(largest_mean_correlation_floor(rank(p), rank(q), n, 1) == floor);
    CHECK(largest_mean_correlation_floor(rank(p), rank(q), n, 4) > floor);
  }
  CHECK(mean_correlation_p_value(0.9, 0, 5, 100) == 1);
  CHECK(mean_correlation_p_value(1, 5, 5, 6) == 1);
  CHECK(std::isnan(mean_correlation_p_value(std::nan(""), 5, 5, 60)));
  CHECK(mean_correlation_deviation(5, 5, 6) == 0);
  CHECK(mean_correlation_deviation(0, 5, 60) == 0);
  CHECK(largest_mean_correlation_floor(5, 5, 6, 8) == 1);
}

TEST_CASE("nothing jumps where exact values end, where correlations become 1, between whole n") {
  // Second differences of smooth functions of the rank are below 1/p² of them; a jump is not. The
  // bounds are the stated errors of what follows the exact values.
  const auto second_difference = [](const auto& function, std::size_t p) {
    return std::abs(function(p) - 2 * function(p + 1) + function(p + 2)) / function(p + 1);
  };
  for (const double share : {2.0, 2.5, 15.0, 1000.0}) {
    CAPTURE(share);
    const auto mean = [&](std::size_t p) { return mean_correlation_floor(p, p + 3, share * 70); };
    const auto deviation = [&](std::size_t p) {
      return mean_correlation_deviation(p, p + 3, share * 40);
    };
    const auto line = [&](std::size_t p) {
      return largest_correlation_line(p, p + 3, share * 40).value();
    };
    for (const std::size_t p : {62U, 63U}) CHECK(second_difference(mean, p) < 2e-4);
    for (const std::size_t p : {30U, 31U}) {
      CHECK(second_difference(deviation, p) < 6e-3);
      if (share > 2) CHECK(second_difference(line, p) < 2.5e-3);
    }
  }
  for (const double n : {21.0, 15.0}) {
    const double at = mean_correlation_floor(10, 10, n);
    CHECK(std::abs(mean_correlation_floor(10, 10, n + 1e-7) - at) < 1e-7);
    CHECK(std::abs(mean_correlation_floor(10, 10, n - 1e-7) - at) < 1e-7);
    CHECK(std::abs(mean_correlation_deviation(10, 10, n - 1e-7) -
                   mean_correlation_deviation(10, 10, n + 1e-7)) < 1e-7);
  }
  CHECK(mean_correlation_floor(10, 10, 11 + 1e-7) == doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("floors approach their limits, and hold for extreme sizes") {
  for (const auto& [p, q, n] : {std::tuple{2, 3, 1000.0},
                                {10, 10, 30.0},
                                {64, 64, 129.0},
                                {65, 65, 131.0},
                                {64, 100000, 1e6},
                                {2, 999998, 1000001.0},
                                {2, 2, 1e9},
                                {500, 500, 10000.0},
                                {2000, 3000, 4000.0}}) {
    CAPTURE(p);
    CAPTURE(q);
    const double limit = limiting_mean_correlation(rank(p), rank(q), n);
    const double floor = mean_correlation_floor(rank(p), rank(q), n);
    CHECK(floor <= limit * (1 + 1e-9));
    CHECK(floor > limit * (1 - 0.17 / p));
    // Complex data has no term of 1/p.
    CHECK(complex_mean_correlation_floor(rank(p), rank(q), n) ==
          doctest::Approx(limit).epsilon(0.1 / p / p));
    const double deviation = mean_correlation_deviation(rank(p), rank(q), n);
    CHECK(deviation > 0);
    CHECK(deviation < floor);
  }
}
