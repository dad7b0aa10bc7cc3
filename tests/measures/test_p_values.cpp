#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t p_values_seed = 577;

/// The p-values of one measure over draws.
struct PValues {
  std::vector<double> values;

  double share_below(double limit) const {
    const auto count = std::ranges::count_if(values, [&](double p) { return p < limit; });
    return static_cast<double>(count) / static_cast<double>(values.size());
  }
};

/// Unrelated data: x's neurons have unequal scales and are mixed, so that PWCCA's weights are
/// unequal; `shape` makes neurons of Gaussian numbers.
template <typename Shape>
std::map<std::string, PValues> of_unrelated(Eigen::Index n, Eigen::Index dx, Eigen::Index dy,
                                            int draws, const Shape& shape) {
  Executor executor(2);
  PanelOptions options;
  options.norm_sums = true;
  const Eigen::VectorXd scales = Eigen::VectorXd::LinSpaced(dx, 0, 1).array().exp();
  const Eigen::MatrixXd mix = scales.asDiagonal() * normal_matrix(dx, dx, p_values_seed);
  std::map<std::string, PValues> found;
  for (int draw = 0; draw < draws; ++draw) {
    const auto seed = p_values_seed + 10 + static_cast<std::uint64_t>(2 * draw);
    const Eigen::MatrixXd x = shape(normal_matrix(n, dx, seed) * mix);
    const Eigen::MatrixXd y = shape(normal_matrix(n, dy, seed + 1));
    const PanelSolution solution = solve(stream(x, y, 512, executor, options), {}, executor);
    for (const MeasureInfo& info : measures()) {
      const MeasureResult result = evaluate(solution, 0, info);
      if (result.p_value) found[std::string(info.name)].values.push_back(*result.p_value);
    }
  }
  return found;
}

Eigen::MatrixXd as_they_are(const Eigen::MatrixXd& x) { return x; }

Eigen::MatrixXd rectified(const Eigen::MatrixXd& x) { return x.cwiseMax(0); }

void check_shares(const std::map<std::string, PValues>& found, double lowest, double highest) {
  for (const auto& [name, p_values] : found) {
    CAPTURE(name);
    const double at_five = p_values.share_below(0.05);
    MESSAGE(name << ": " << at_five << " below 0.05, " << p_values.share_below(0.01)
                 << " below 0.01");
    CHECK(at_five > lowest);
    CHECK(at_five < highest);
    CHECK(p_values.share_below(0.01) < 0.02);
  }
}

}  // namespace

TEST_CASE("5 of 100 unrelated pairs have a p-value below 0.05, whatever the measure") {
  MESSAGE("seed " << p_values_seed);
  for (const auto& [n, dx, dy] :
       {std::tuple{40, 1, 3}, {101, 3, 3}, {60, 6, 9}, {200, 20, 20}, {90, 30, 20}}) {
    CAPTURE(n);
    CAPTURE(dx);
    CAPTURE(dy);
    const auto found = of_unrelated(n, dx, dy, 1500, as_they_are);
    CHECK(found.size() == measures().size());
    check_shares(found, 0.032, 0.07);  // 4 standard errors of 1,500 draws below 0.05
  }
}

TEST_CASE("p-values hold for neurons that are active in half of the samples") {
  check_shares(of_unrelated(200, 20, 20, 1500, rectified), 0.032, 0.08);
}

TEST_CASE("with correlations that are 1 in any case, p-values still hold") {
  const auto found = of_unrelated(60, 40, 30, 1500, as_they_are);
  for (const char* name : {"mean_cca", "pwcca", "r2_cca", "procrustes", "partial_whitening"}) {
    CAPTURE(name);
    CHECK(found.at(name).share_below(0.05) > 0.02);
    CHECK(found.at(name).share_below(0.05) < 0.075);
  }
}

TEST_CASE("where every score is chance the p-value is 1, and ten samples a feature are needed") {
  Executor executor(2);
  const PanelSolution solution =
      solve(stream(normal_matrix(20, 30, 1), normal_matrix(20, 24, 2), 64, executor), {}, executor);
  const MeasureResult result = evaluate(solution, 0, info_of(Measure::mean_cca));
  CHECK(result.value.value() == doctest::Approx(1));
  CHECK(result.p_value.value() == 1);
  CHECK(samples_needed(solution, 0, result).value() == 300);
}

TEST_CASE("related data has a p-value of nearly 0, and needs no more samples") {
  Executor executor(2);
  const Eigen::MatrixXd x = normal_matrix(400, 8, 3);
  const Eigen::MatrixXd y = x + 0.5 * normal_matrix(400, 8, 4);
  const PanelSolution solution = solve(stream(x, y, 64, executor), {}, executor);
  for (const Measure measure : {Measure::mean_cca, Measure::pwcca, Measure::svcca,
                                Measure::linear_cka, Measure::linreg_y_from_x, Measure::procrustes,
                                Measure::angular, Measure::partial_whitening}) {
    const MeasureResult result = evaluate(solution, 0, info_of(measure));
    CAPTURE(result.measure->name);
    CHECK(result.p_value.value() < 1e-20);
    CHECK_FALSE(samples_needed(solution, 0, result));
  }
}

TEST_CASE("so many samples as are needed tell a weak relation in about four of five cases") {
  // Each of 6 neurons has a correlation of 0.25 with one of the other side.
  const auto pair_of = [](Eigen::Index n, std::uint64_t seed) {
    const Eigen::MatrixXd x = normal_matrix(n, 6, seed);
    const Eigen::MatrixXd y = 0.25 * x + std::sqrt(1 - 0.0625) * normal_matrix(n, 6, seed + 1);
    return std::pair(x, y);
  };
  Executor executor(2);
  const MeasureInfo& measure = info_of(Measure::pwcca);
  // What is needed follows from what one draw looks like, so the median draw is taken.
  std::vector<double> needed;
  for (std::uint64_t draw = 0; draw < 201; ++draw) {
    const auto [x, y] = pair_of(60, 1000 + 2 * draw);
    const PanelSolution solution = solve(stream(x, y, 64, executor), {}, executor);
    const MeasureResult result = evaluate(solution, 0, measure);
    if (*result.p_value < told_from_chance) continue;
    const auto samples = samples_needed(solution, 0, result);
    // No number can be named for what is no more similar than chance.
    CHECK(samples.has_value() == (*result.value > *result.floor));
    needed.push_back(samples.value_or(1e9));
  }
  REQUIRE(needed.size() > 100);
  std::ranges::nth_element(needed, needed.begin() + static_cast<std::ptrdiff_t>(needed.size() / 2));
  const auto enough = static_cast<Eigen::Index>(needed[needed.size() / 2]);
  MESSAGE("needed in the median: " << enough);
  const auto told = [&](Eigen::Index n) {
    int count = 0;
    for (std::uint64_t draw = 0; draw < 200; ++draw) {
      const auto [x, y] = pair_of(n, 5000 + 2 * draw);
      const PanelSolution solution = solve(stream(x, y, 512, executor), {}, executor);
      count += *evaluate(solution, 0, measure).p_value < told_from_chance ? 1 : 0;
    }
    MESSAGE("told with " << n << ": " << count << " of 200");
    return count;
  };
  CHECK(told(enough) > 150);
  CHECK(told(enough / 2) < 150);
}
