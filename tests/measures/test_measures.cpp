#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "livecca/measures/measure.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::shared_latents;
using livecca_tests::solve_pair;

namespace {

constexpr std::uint64_t measures_seed = 161;

double similarity(const PanelSolution& solution, const char* name) {
  return evaluate(solution, 0, *find_measure(name)).value.value();
}

Status status_of(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  Executor executor(1);
  PanelOptions options;
  options.norm_sums = true;
  const PanelSolution solution =
      livecca::solve(livecca_tests::stream(x, y, 256, executor, options), {}, executor);
  const Status status = facts_of(solution, 0).status;
  for (const MeasureInfo& info : measures()) {
    const MeasureResult result = evaluate(solution, 0, info);
    if (info.measure == Measure::r2_cca_adjusted && x.rows() - 1 <= x.cols()) {
      CHECK(result.status == std::max(status, Status::too_few_samples));
      CHECK_FALSE(result.value);
      continue;
    }
    CHECK(result.status == status);
    CHECK(result.value.has_value() == has_value(status));
    if (result.value) CHECK(std::isfinite(*result.value));
  }
  return status;
}

}  // namespace

TEST_CASE("linear CKA is that of the Gram matrices, and distances are complements") {
  Executor executor(1);
  const auto views = shared_latents(500, 9, 6, measures_seed);
  const PanelSolution solution = solve_pair(views.x, views.y, executor);
  // Kornblith et al. 2019, equation 4, from the activations' Gram matrices.
  const Eigen::MatrixXd xc = views.x.rowwise() - views.x.colwise().mean();
  const Eigen::MatrixXd yc = views.y.rowwise() - views.y.colwise().mean();
  const double cka = ((xc * xc.transpose()).cwiseProduct(yc * yc.transpose())).sum() /
                     ((xc * xc.transpose()).norm() * (yc * yc.transpose()).norm());
  CHECK(similarity(solution, "linear_cka") == doctest::Approx(cka).epsilon(1e-12));
  const MeasureResult pwcca = evaluate(solution, 0, *find_measure("pwcca"));
  CHECK(*pwcca.distance() == 1 - *pwcca.similarity());
  CHECK(*pwcca.distance_floor() == 1 - *pwcca.similarity_floor());
  CHECK_FALSE(evaluate(solution, 0, *find_measure("linear_cka")).distance());
  CHECK(find_measure("pwcca_distance") == nullptr);
}

TEST_CASE("SVCCA's floor is that of the directions it kept") {
  Executor executor(1);
  const auto views = shared_latents(500, 9, 6, measures_seed);
  const PanelSolution solution = solve_pair(views.x, views.y, executor, {.keep_directions = 3});
  // As of any data of just three neurons.
  const PanelSolution of_three = solve_pair(normal_matrix(500, 3, measures_seed + 1),
                                            normal_matrix(500, 3, measures_seed + 2), executor);
  CHECK(*evaluate(solution, 0, *find_measure("svcca")).similarity_floor() ==
        *evaluate(of_three, 0, *find_measure("mean_cca")).similarity_floor());
  CHECK(*evaluate(solution, 0, *find_measure("svcca")).similarity_floor() <
        *evaluate(solution, 0, *find_measure("mean_cca")).similarity_floor());
}

TEST_CASE("the status says the worst that applies") {
  const auto views = shared_latents(300, 6, 5, measures_seed);
  CHECK(status_of(views.x, views.y) == Status::ok);
  Eigen::MatrixXd dead = views.x;
  dead.col(2).setConstant(7);
  CHECK(status_of(dead, views.y) == Status::rank_deficient);
  CHECK(status_of(dead.topRows(59), views.y.topRows(59)) == Status::undersampled);
  CHECK(status_of(views.x.topRows(60), views.y.topRows(60)) == Status::ok);
  Eigen::MatrixXd broken = dead;
  broken(5, 0) = std::nan("");
  CHECK(status_of(broken.topRows(59), views.y.topRows(59)) == Status::nonfinite_rows);
  CHECK(status_of(views.x.topRows(4), views.y.topRows(4)) == Status::undersampled);
  CHECK(status_of(views.x.topRows(3), views.y.topRows(3)) == Status::too_few_samples);
  CHECK(status_of(views.x.topRows(1), views.y.topRows(1)) == Status::too_few_samples);
  CHECK(status_of(views.x, Eigen::MatrixXd::Ones(300, 4)) == Status::constant);
  CHECK(status_of(views.x.topRows(0), views.y.topRows(0)) == Status::missing);
}

TEST_CASE("moments that overflow are not_converged, without a value") {
  Executor executor(1);
  // Each value may be squared, their sum may not.
  const Eigen::MatrixXd x = normal_matrix(400, 3, measures_seed).cwiseSign() * 1e150;
  PanelMoments moments = livecca_tests::stream(x, x, 100, executor);
  for (int doubling = 0; doubling < 27; ++doubling) {
    const Moments tap = *moments.taps[0].moments;
    const CrossMoments cross = *moments.pairs[0].moments;
    moments.taps[0].moments->merge(tap);
    moments.taps[1].moments->merge(tap);
    moments.pairs[0].moments->merge(cross);
  }
  const PanelSolution solution = livecca::solve(moments, {}, executor);
  CHECK(facts_of(solution, 0).status == Status::not_converged);
  CHECK_FALSE(evaluate(solution, 0, *find_measure("mean_cca")).value);
}

TEST_CASE("every status has a name and a sentence") {
  for (int i = 0; name_of(static_cast<Status>(i)) != nullptr; ++i) {
    const auto status = static_cast<Status>(i);
    CHECK(std::string(explain(status)).ends_with("."));
  }
}
