#include "livecca/activations/eigen.hpp"
#include "livecca/moments/panel.hpp"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "livecca/common/error.hpp"
#include "matrices.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::product_of;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t panel_seed = 77;

Eigen::MatrixXd without_rows(const Eigen::MatrixXd& matrix, const std::vector<Eigen::Index>& out) {
  Eigen::MatrixXd result(matrix.rows() - static_cast<Eigen::Index>(out.size()), matrix.cols());
  Eigen::Index to = 0;
  for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
    if (std::ranges::find(out, row) == out.end()) result.row(to++) = matrix.row(row);
  }
  return result;
}

}  // namespace

TEST_CASE("a panel's moments do not depend on the batch, to 1e-12") {
  Executor executor(2);
  const Eigen::MatrixXd x = normal_matrix(400, 12, panel_seed);
  const Eigen::MatrixXd y = normal_matrix(400, 9, panel_seed + 1);
  const PanelMoments whole = stream(x, y, 400, executor);
  for (const Eigen::Index batch : {1, 3, 64, 399}) {
    CAPTURE(batch);
    const PanelMoments parts = stream(x, y, batch, executor);
    CHECK(parts.taps[0].moments->samples() == 400);
    const auto expected = product_of(*whole.pairs[0].moments);
    CHECK((product_of(*parts.pairs[0].moments) - expected).norm() < 1e-12 * expected.norm());
  }
}

TEST_CASE("a row that is non-finite in one tap leaves both, and is counted") {
  Executor executor(2);
  Eigen::MatrixXd x = normal_matrix(100, 5, panel_seed);
  Eigen::MatrixXd y = normal_matrix(100, 4, panel_seed + 1);
  const Eigen::MatrixXd clean_x = without_rows(x, {3, 40, 99});
  const Eigen::MatrixXd clean_y = without_rows(y, {3, 40, 99});
  x(3, 2) = std::nan("");
  y(40, 0) = std::numeric_limits<double>::infinity();
  x(99, 4) = -std::numeric_limits<double>::infinity();
  const PanelMoments moments = stream(x, y, 50, executor);
  const PanelMoments expected = stream(clean_x, clean_y, 50, executor);
  CHECK(moments.taps[0].samples_left_out == 3);
  CHECK(moments.taps[1].samples_left_out == 3);
  CHECK(moments.pairs[0].moments->samples() == 97);
  const auto product = product_of(*expected.pairs[0].moments);
  CHECK((product_of(*moments.pairs[0].moments) - product).norm() < 1e-12 * product.norm());
}

TEST_CASE("a non-finite position leaves its grid's taps, and its image those of other grids") {
  Executor executor(1);
  Panel panel(executor, {});
  const auto conv_a = panel.add_tap({"net", "conv"}, Layout::nchw);
  const auto conv_b = panel.add_tap({"reference", "conv"}, Layout::nchw);
  const auto fc = panel.add_tap({"net", "fc"}, Layout::nc);
  panel.add_pair(conv_a, conv_b);
  Eigen::VectorXf a = Eigen::VectorXf::Random(20 * 2 * 3 * 3);
  const Eigen::VectorXf b = Eigen::VectorXf::Random(20 * 2 * 3 * 3);
  const Eigen::MatrixXd f = normal_matrix(20, 3, panel_seed);
  a(18 * 7 + 4) = std::numeric_limits<float>::quiet_NaN();  // image 7, channel 0, position 4
  const std::array<std::int64_t, 4> shape{20, 2, 3, 3};
  auto step = panel.begin();
  step.observe(conv_a, ActivationView(a.data(), DType::float32, shape));
  step.observe(conv_b, ActivationView(b.data(), DType::float32, shape));
  step.observe(fc, view_of(f));
  step.commit();
  const PanelMoments moments = panel.end_window();
  CHECK(moments.taps[conv_a].moments->samples() == 179);
  CHECK(moments.taps[conv_b].moments->samples() == 179);
  CHECK(moments.taps[conv_a].moments->weights().effective_images() == 20);
  CHECK(moments.taps[fc].moments->samples() == 19);
  CHECK(moments.taps[fc].samples_left_out == 1);
}

TEST_CASE("a step that is not committed changes nothing and is counted") {
  Executor executor(1);
  const Eigen::MatrixXd x = normal_matrix(30, 3, panel_seed);
  Panel panel(executor, {});
  const auto tap = panel.add_tap({"net", "a"}, Layout::nc);
  {
    auto step = panel.begin();
    step.observe(tap, view_of(x));
    step.commit();
  }
  const PanelMoments before = panel.copy_moments();
  {
    auto step = panel.begin();
    step.observe(tap, view_of(x));
  }
  const PanelMoments after = panel.end_window();
  CHECK(after.steps_discarded == 1);
  CHECK(after.steps_committed == 1);
  CHECK(after.taps[0].moments->samples() == 30);
  CHECK(std::memcmp(before.taps[0].moments->scatter().data(),
                    after.taps[0].moments->scatter().data(), 9 * sizeof(double)) == 0);
}

TEST_CASE("taking a window starts the next one from nothing") {
  Executor executor(1);
  const Eigen::MatrixXd x = normal_matrix(30, 3, panel_seed);
  Panel panel(executor, {});
  const auto tap = panel.add_tap({"net", "a"}, Layout::nc);
  for (int window = 0; window < 2; ++window) {
    auto step = panel.begin();
    step.observe(tap, view_of(x));
    step.commit();
    CHECK(panel.images() == 30);
    const PanelMoments moments = panel.end_window();
    CHECK(moments.taps[0].moments->samples() == 30);
    CHECK(panel.images() == 0);
  }
}

TEST_CASE("panels of workers merge into one") {
  Executor executor(1);
  const Eigen::MatrixXd x = normal_matrix(90, 4, panel_seed);
  const Eigen::MatrixXd y = normal_matrix(90, 3, panel_seed + 1);
  const PanelMoments whole = stream(x, y, 90, executor);
  Panel panel(executor, {});
  panel.add_tap({"net", "layer"}, Layout::nc);
  panel.add_tap({"reference", "layer"}, Layout::nc);
  panel.add_pair(0, 1);
  for (Eigen::Index first = 0; first < 90; first += 30) {
    panel.merge(stream(x.middleRows(first, 30), y.middleRows(first, 30), 30, executor));
  }
  const PanelMoments merged = panel.end_window();
  CHECK(merged.steps_committed == 3);
  CHECK(merged.pairs[0].moments->samples() == 90);
  const auto expected = product_of(*whole.pairs[0].moments);
  CHECK((product_of(*merged.pairs[0].moments) - expected).norm() < 1e-12 * expected.norm());
  Panel other(executor, {});
  other.add_tap({"net", "another layer"}, Layout::nc);
  CHECK_THROWS_AS(other.merge(whole), Error);
}

TEST_CASE("a window goes on after a merge, for convolutions too") {
  Executor executor(1);
  const std::array<std::int64_t, 4> shape{20, 3, 4, 4};
  const Eigen::VectorXd values = normal_matrix(20 * 48, 1, panel_seed).col(0);
  const auto fed = [&](int steps) {
    Panel panel(executor, {});
    panel.add_tap({"net", "conv"}, Layout::nchw);
    for (int i = 0; i < steps; ++i) {
      auto step = panel.begin();
      step.observe(0, ActivationView(values.data(), DType::float64, shape));
      step.commit();
    }
    return panel;
  };
  Panel panel = fed(0);
  panel.merge(fed(1).end_window());
  CHECK(panel.images() == 20);
  auto step = panel.begin();
  step.observe(0, ActivationView(values.data(), DType::float64, shape));
  step.commit();
  const PanelMoments merged = panel.end_window();
  const PanelMoments expected = fed(2).end_window();
  CHECK(merged.faults.empty());
  REQUIRE(merged.taps[0].moments);
  CHECK(merged.taps[0].moments->samples() == expected.taps[0].moments->samples());
  CHECK(merged.images == 40);
}

TEST_CASE("a merge of another width lets that tap go, by name, and is whole for the others") {
  Executor executor(1);
  const auto fed = [&](Eigen::Index width) {
    Panel panel(executor, {});
    panel.add_tap({"net", "a"}, Layout::nc);
    panel.add_tap({"net", "b"}, Layout::nc);
    panel.add_pair(0, 1);
    const Eigen::MatrixXd a = normal_matrix(50, 3, panel_seed);
    const Eigen::MatrixXd b = normal_matrix(50, width, panel_seed);
    auto step = panel.begin();
    step.observe(0, view_of(a));
    step.observe(1, view_of(b));
    step.commit();
    return panel;
  };
  Panel panel = fed(4);
  panel.merge(fed(5).end_window());
  const PanelMoments merged = panel.end_window();
  REQUIRE(merged.faults.size() == 1);
  CHECK(merged.faults[0].subject == "net/b");
  CHECK(merged.taps[0].moments->samples() == 100);
  CHECK_FALSE(merged.taps[1].moments);
  CHECK_FALSE(merged.pairs[0].moments);
}

TEST_CASE("wrong use of a step throws, naming what was expected") {
  Executor executor(1);
  const Eigen::MatrixXd x = normal_matrix(5, 3, panel_seed);
  Panel panel(executor, {});
  const auto tap = panel.add_tap({"net", "a"}, Layout::nc);
  CHECK_THROWS_AS(panel.add_tap({"net", "a"}, Layout::nc), Error);
  CHECK_THROWS_AS(panel.add_pair(0, 1), Error);
  auto step = panel.begin();
  CHECK_THROWS_AS(panel.begin(), Error);
  CHECK_THROWS_AS(step.observe(7, view_of(x)), Error);
  step.observe(tap, view_of(x));
  CHECK_THROWS_AS(step.observe(tap, view_of(x)), Error);
  CHECK_THROWS_AS(panel.end_window(), Error);
  step.commit();
  CHECK_THROWS_AS(step.commit(), Error);
  CHECK_THROWS_AS(step.observe(tap, view_of(x)), Error);
}
