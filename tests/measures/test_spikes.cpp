#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "livecca/measures/measure.hpp"
#include "livecca/measures/noise_floor.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using Eigen::MatrixXd;
using livecca_tests::normal_matrix;

namespace {

constexpr std::uint64_t spikes_seed = 3141;

std::vector<double> correlations(const MatrixXd& x, const MatrixXd& y) {
  static Executor executor(2);
  SolveOptions options;
  options.quantities = info_of(Measure::mean_cca).needs;
  return livecca_tests::solve_pair(x, y, executor, options).pairs[0].canonical_correlations;
}

}  // namespace

TEST_CASE("the largest correlation of independent data crosses its line in 5 of 100 draws") {
  MESSAGE("seed " << spikes_seed);
  constexpr int draws = 600;
  for (const auto& [n, p, q] : {std::tuple{200, 10, 10}, {100, 20, 12}, {300, 30, 60}}) {
    CAPTURE(n);
    const double line =
        largest_correlation_line(static_cast<std::size_t>(p), static_cast<std::size_t>(q), n)
            .value();
    int above = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const auto offset = static_cast<std::uint64_t>(2 * draw);
      above += correlations(normal_matrix(n, p, spikes_seed + offset),
                            normal_matrix(n, q, spikes_seed + offset + 1))[0] > line;
    }
    const double share = static_cast<double>(above) / draws;
    MESSAGE(n << " samples, " << p << " and " << q << ": " << share << " above " << line);
    // Three standard errors of 600 draws.
    CHECK(std::abs(share - 0.05) < 0.027);
  }
}

TEST_CASE("a correlation that stands out is freed of its bias, others are not told from noise") {
  MESSAGE("seed " << spikes_seed);
  constexpr Eigen::Index n = 400;
  constexpr Eigen::Index d = 60;
  constexpr int draws = 40;
  for (const double truth : {0.6, 0.8, 0.95}) {
    CAPTURE(truth);
    double raw = 0;
    double debiased = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const auto offset = static_cast<std::uint64_t>(2 * draw);
      MatrixXd x = normal_matrix(n, d, spikes_seed + offset);
      MatrixXd y = normal_matrix(n, d, spikes_seed + offset + 1);
      y.col(0) = truth * x.col(0) + std::sqrt(1 - truth * truth) * y.col(0);
      const auto rho = correlations(x, y);
      raw += rho[0] / draws;
      debiased += debiased_correlation(rho[0], d, d, n).value() / draws;
      CHECK_FALSE(debiased_correlation(rho[d / 2], d, d, n));
    }
    MESSAGE("ρ " << truth << ": samples say " << raw << ", without bias " << debiased);
    CHECK(std::abs(debiased - truth) < 0.02);
    CHECK(raw - truth > 2 * std::abs(debiased - truth));
  }
  CHECK_FALSE(debiased_correlation(0.9, 50, 60, 100));
  CHECK(debiased_correlation(1.0, 5, 5, 100).value() == doctest::Approx(1));
}
