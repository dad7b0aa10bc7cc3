#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/noise_floor.hpp"
#include "livecca/moments/moments_file.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using Eigen::Index;
using Eigen::MatrixXd;
using livecca_tests::normal_matrix;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t repeated_seed = 60221;

/// So many rows in a seeded order; row i of `of` comes again every of.rows() rows.
std::vector<Index> order_of(Index rows, Index of, std::uint64_t seed) {
  std::vector<Index> order(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i) % of;
  std::mt19937_64 engine(seed);
  std::ranges::shuffle(order, engine);
  return order;
}

MatrixXd taken(const MatrixXd& of, const std::vector<Index>& order) {
  return of(order, Eigen::all);
}

}  // namespace

TEST_CASE("2,000 rows of 20 inputs count as 20 samples, and are too few for 8 neurons") {
  Executor executor(2);
  const auto order = order_of(2000, 20, repeated_seed);
  const MatrixXd x = taken(normal_matrix(20, 8, 1), order);
  const MatrixXd y = taken(normal_matrix(20, 6, 2), order);
  const PanelSolution solution = solve(stream(x, y, 128, executor), {}, executor);
  const PairFacts facts = facts_of(solution, 0);
  CHECK(facts.samples == 2000);
  CHECK(facts.effective_samples == 20);
  CHECK(facts.effective_rows == 20);
  CHECK(facts.different_share == doctest::Approx(0.01));
  CHECK(facts.status == Status::undersampled);
  const MeasureResult result = evaluate(solution, 0, info_of(Measure::mean_cca));
  CHECK(result.floor.value() == mean_correlation_floor(8, 6, 20));
  CHECK(result.p_value.value() > 0.001);
}

TEST_CASE("a window knows nothing of the images of the windows before it") {
  Executor executor(1);
  const MatrixXd rows = normal_matrix(50, 4, repeated_seed);
  Panel panel(executor, {.window = Window::since_snapshot()});
  const std::size_t tap = panel.add_tap({"net", "fc"}, Layout::nc);
  const auto feed = [&] {
    Panel::Step step = panel.begin();
    step.observe(tap, view_of(rows));
    step.commit();
  };
  feed();
  SUBCASE("which was discarded") { panel.discard_window(); }
  SUBCASE("which ended") { CHECK(panel.end_window().different.share() == 1); }
  SUBCASE("in which all came twice") {
    feed();
    CHECK(panel.end_window().different.share() == 0.5);
  }
  feed();
  CHECK(panel.end_window().different.share() == 1);
}

TEST_CASE("floors and p-values of repeated inputs are those of the different ones") {
  MESSAGE("seed " << repeated_seed);
  Executor executor(2);
  int below = 0;
  double sum = 0;
  double floor = 0;
  constexpr int draws = 300;
  for (int draw = 0; draw < draws; ++draw) {
    const auto seed = repeated_seed + static_cast<std::uint64_t>(3 * draw);
    const auto order = order_of(300, 60, seed);
    const MatrixXd x = taken(normal_matrix(60, 5, seed + 1), order);
    const MatrixXd y = taken(normal_matrix(60, 4, seed + 2), order);
    const PanelSolution solution = solve(stream(x, y, 64, executor), {}, executor);
    const MeasureResult result = evaluate(solution, 0, info_of(Measure::pwcca));
    sum += *result.value;
    floor = *result.floor;
    below += *result.p_value < 0.05 ? 1 : 0;
  }
  CHECK(sum / draws == doctest::Approx(floor).epsilon(0.03));
  CHECK(below > 3);
  CHECK(below < 32);  // 15 are expected
}

TEST_CASE("inputs that differ, or that two layers of classes do not tell apart, all count") {
  Executor executor(2);
  const PanelMoments different =
      stream(normal_matrix(5000, 3, 3), normal_matrix(5000, 2, 4), 500, executor);
  CHECK(different.different.share() == 1);
  MatrixXd classes = MatrixXd::Zero(2000, 3);
  for (Index i = 0; i < classes.rows(); ++i) classes(i, (i * i) % 3) = 1;
  const PanelSolution solution =
      solve(stream(classes, classes.rowwise().reverse(), 100, executor), {}, executor);
  CHECK(facts_of(solution, 0).effective_samples == 2000);
  // A layer of classes beside one of numbers: the numbers tell the inputs apart, or that they
  // repeat.
  CHECK(stream(classes, normal_matrix(2000, 2, 5), 100, executor).different.share() == 1);
  const auto order = order_of(2000, 50, 6);
  const PanelMoments repeated = stream(taken(classes.topRows(50), order),
                                       taken(normal_matrix(50, 2, 7), order), 100, executor);
  CHECK(repeated.different.share() == doctest::Approx(0.025));
}

TEST_CASE("neither batches nor merges change what differs, and many are estimated within 10 %") {
  Executor executor(2);
  const auto order = order_of(20000, 5000, 8);
  const MatrixXd x = taken(normal_matrix(5000, 2, 9), order);
  const MatrixXd y = taken(normal_matrix(5000, 2, 10), order);
  const PanelMoments whole = stream(x, y, 700, executor);
  CHECK(whole.different.share() == doctest::Approx(0.25).epsilon(0.1));
  CHECK(stream(x, y, 5000, executor).different == whole.different);
  PanelMoments second = stream(x.bottomRows(13000), y.bottomRows(13000), 700, executor);
  merge(second, stream(x.topRows(7000), y.topRows(7000), 1000, executor));
  CHECK(second.different == whole.different);
}

TEST_CASE("an image that comes again counts once, whatever its positions") {
  Executor executor(2);
  std::vector<double> values;
  const MatrixXd images = normal_matrix(30, 3 * 4, 11);
  for (int i = 0; i < 300; ++i) {
    for (Index j = 0; j < images.cols(); ++j) values.push_back(images(i % 30, j));
  }
  Panel panel(executor, {});
  panel.add_tap({"net", "conv"}, Layout::nchw);
  panel.add_tap({"reference", "conv"}, Layout::nchw);
  panel.add_pair(0, 1);
  const std::array<std::int64_t, 4> shape{300, 3, 2, 2};
  auto step = panel.begin();
  step.observe(0, ActivationView(values.data(), DType::float64, shape));
  step.observe(1, ActivationView(values.data(), DType::float64, shape));
  step.commit();
  const PanelSolution solution = solve(panel.end_window(), {}, executor);
  const PairFacts facts = facts_of(solution, 0);
  CHECK(facts.samples == 1200);
  CHECK(facts.effective_samples == 30);
  CHECK(facts.effective_rows == 1200);
}

TEST_CASE("saved moments know what differs; those of older files take all images to differ") {
  Executor executor(2);
  const auto order = order_of(400, 40, 12);
  PanelMoments moments = stream(taken(normal_matrix(40, 2, 13), order),
                                taken(normal_matrix(40, 2, 14), order), 50, executor);
  const livecca_tests::TemporaryFolder folder;
  const auto file = folder.path() / "a.moments";
  REQUIRE(save_moments(file, moments, {}));
  CHECK(load_moments(file)->moments.different == moments.different);
  moments.different = {};  // which is not written
  REQUIRE(save_moments(file, moments, {}));
  const auto older = load_moments(file);
  REQUIRE(older);
  CHECK(facts_of(solve(older->moments, {}, executor), 0).effective_samples == 400);
}

TEST_CASE("hashes that no images gave are refused") {
  CHECK(DifferentImages::from(4, 1, {{5, 2}, {7, 1}}));
  CHECK_FALSE(DifferentImages::from(4, 1, {{7, 2}, {5, 1}}));
  CHECK_FALSE(DifferentImages::from(4, 1, {{5, 2}, {5, 1}}));
  CHECK_FALSE(DifferentImages::from(4, 1, {{5, 3}, {7, 1}}));
  CHECK_FALSE(DifferentImages::from(4, 1, {{5, 3}, {7, 0}}));
  CHECK_FALSE(DifferentImages::from(4, 1, {{5, 1}, {7, 1}}));
  CHECK_FALSE(DifferentImages::from(3, 4, {}));
  CHECK_FALSE(DifferentImages::from(3, 1, {}));
}

TEST_CASE("one row that comes often is of dead neurons, not of an input that comes again") {
  Executor executor(2);
  MatrixXd x = normal_matrix(600, 3, 15);
  MatrixXd y = normal_matrix(600, 3, 16);
  x.topRows(500).rowwise() = x.row(0).eval();
  y.topRows(500).rowwise() = y.row(0).eval();
  CHECK(facts_of(solve(stream(x, y, 100, executor), {}, executor), 0).effective_samples == 600);
  x.rowwise() = x.row(0).eval();
  y.rowwise() = y.row(0).eval();
  const PairFacts facts = facts_of(solve(stream(x, y, 100, executor), {}, executor), 0);
  CHECK(facts.effective_samples == 600);
  CHECK(facts.status == Status::constant);
}
