#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <optional>
#include <string>

#include "livecca/activations/eigen.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/snapshot/solve.hpp"
#include "matrices.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::scatter_of;

namespace {

constexpr std::uint64_t limits_seed = 88;

void feed(Panel& panel, const Eigen::MatrixXd& rows) {
  auto step = panel.begin();
  for (std::size_t tap = 0; tap < panel.tap_count(); ++tap) step.observe(tap, view_of(rows));
  step.commit();
}

}  // namespace

TEST_CASE("a choice of features is seeded, ascending, without repeats, and all if there are few") {
  std::vector<std::size_t> chosen;
  std::vector<std::size_t> again;
  choose_features(1000, 50, 3, chosen);
  choose_features(1000, 50, 3, again);
  CHECK(chosen.size() == 50);
  CHECK(chosen == again);
  CHECK(std::ranges::is_sorted(chosen));
  CHECK(std::ranges::adjacent_find(chosen) == chosen.end());
  CHECK(chosen.back() < 1000);
  choose_features(1000, 50, 4, again);
  CHECK(chosen != again);
  choose_features(3, 5, 0, chosen);
  CHECK(chosen == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("a tap that is too wide is cut to a seeded choice, which its moments name") {
  Executor executor(1);
  PanelOptions options;
  options.max_features = 20;
  options.feature_seed = 7;
  Panel panel(executor, options);
  panel.add_tap({"net", "a"}, Layout::nc);
  panel.add_tap({"ref", "a"}, Layout::nc);
  panel.add_pair(0, 1);
  const Eigen::MatrixXd wide = normal_matrix(300, 90, limits_seed);
  for (int window = 0; window < 2; ++window) {
    feed(panel, wide);
    feed(panel, wide);
    const PanelMoments moments = panel.end_window();
    CHECK(moments.faults.empty());
    const TapMoments& tap = moments.taps[0];
    REQUIRE(tap.moments->features() == 20);
    CHECK(tap.features_of_tap == 90);
    std::vector<std::size_t> chosen;
    choose_features(tap.features_of_tap, 20, tap.feature_seed, chosen);
    Panel cut(executor, {});
    cut.add_tap({"net", "a"}, Layout::nc);
    const Eigen::MatrixXd kept = wide(Eigen::all, chosen);
    feed(cut, kept);
    feed(cut, kept);
    CHECK(scatter_of(*tap.moments) == scatter_of(*cut.end_window().taps[0].moments));
    const PanelSolution solution = solve(moments, {}, executor);
    CHECK(solution.taps[0].features == 20);
    CHECK(solution.taps[0].features_of_tap == 90);
  }
}

TEST_CASE("channels are cut, not positions") {
  Executor executor(1);
  PanelOptions options;
  options.max_features = 3;
  Panel panel(executor, options);
  panel.add_tap({"net", "conv"}, Layout::nchw);
  const Eigen::MatrixXd values = normal_matrix(10 * 8 * 2 * 2, 1, limits_seed);
  const std::array<std::int64_t, 4> shape{10, 8, 2, 2};
  auto step = panel.begin();
  step.observe(0, ActivationView(values.data(), DType::float64, shape));
  step.commit();
  const PanelMoments moments = panel.end_window();
  CHECK(moments.taps[0].moments->features() == 3);
  CHECK(moments.taps[0].moments->samples() == 40);
  CHECK(moments.taps[0].features_of_tap == 8);
}

TEST_CASE("windows cut to other choices do not merge") {
  Executor executor(1);
  const Eigen::MatrixXd wide = normal_matrix(50, 30, limits_seed);
  const auto window = [&](std::uint64_t feature_seed) {
    PanelOptions options;
    options.max_features = 5;
    options.feature_seed = feature_seed;
    Panel panel(executor, options);
    panel.add_tap({"net", "a"}, Layout::nc);
    feed(panel, wide);
    return panel.end_window();
  };
  PanelMoments moments = window(1);
  merge(moments, window(1));
  CHECK(moments.taps[0].moments->samples() == 100);
  merge(moments, window(2));
  CHECK_FALSE(moments.taps[0].moments);
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].kind == FaultKind::shape_changed);
}

TEST_CASE("a panel merges only what is cut as its own rows would be, also before its first step") {
  MESSAGE("seed " << limits_seed);
  Executor executor(1);
  const auto panel_of = [&](std::uint64_t feature_seed, std::optional<TapShape> shape = {}) {
    PanelOptions options;
    options.max_features = 5;
    options.feature_seed = feature_seed;
    Panel panel(executor, options);
    panel.add_tap({"net", "a"}, Layout::nc, shape);
    return panel;
  };
  const auto window = [&](std::uint64_t feature_seed, Eigen::Index width) {
    Panel panel = panel_of(feature_seed);
    feed(panel, normal_matrix(50, width, limits_seed));
    return panel.end_window();
  };
  const auto expect_lost = [&](Panel panel, const PanelMoments& other, const std::string& message) {
    panel.merge(other);
    feed(panel, normal_matrix(50, 40, limits_seed));
    const PanelMoments moments = panel.end_window();
    CHECK_FALSE(moments.taps[0].moments);
    REQUIRE(moments.faults.size() == 1);
    CHECK(moments.faults[0].kind == FaultKind::shape_changed);
    CHECK(moments.faults[0].message == message);
  };
  expect_lost(panel_of(1), window(0, 40),
              "expected a merge with 5 of 40 features, chosen with seed 1, on 1 x 1 positions, got "
              "5 of 40 features, chosen with seed 0, on 1 x 1 positions");
  expect_lost(panel_of(1, TapShape{.features = 40}), window(1, 30),
              "expected a merge with 5 of 40 features, chosen with seed 1, on 1 x 1 positions, got "
              "5 of 30 features, chosen with seed 1, on 1 x 1 positions");
  Panel same = panel_of(1);
  same.merge(window(1, 40));
  feed(same, normal_matrix(50, 40, limits_seed));
  CHECK(same.end_window().taps[0].moments->samples() == 100);
  Panel uncut = panel_of(1);
  uncut.merge(window(0, 4));  // a seed that chose nothing
  feed(uncut, normal_matrix(50, 4, limits_seed));
  CHECK(uncut.end_window().taps[0].moments->samples() == 100);
}

TEST_CASE("a declared grid holds for merges too") {
  Executor executor(1);
  const Eigen::MatrixXd values = normal_matrix(10 * 3 * 4, 1, limits_seed);
  Panel worker(executor, {});
  worker.add_tap({"net", "conv"}, Layout::nchw);
  auto step = worker.begin();
  step.observe(
      0, ActivationView(values.data(), DType::float64, std::array<std::int64_t, 4>{10, 3, 2, 2}));
  step.commit();
  Panel panel(executor, {});
  panel.add_tap({"net", "conv"}, Layout::nchw, TapShape{.features = 3, .grid = {1, 4}});
  panel.merge(worker.end_window());
  const PanelMoments moments = panel.end_window();
  CHECK_FALSE(moments.taps[0].moments);
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].message ==
        "expected a merge with 3 features on 1 x 4 positions, got 3 features on 2 x 2 positions");
}

TEST_CASE("a merge that would take more than the memory limit is a fault, and the others go on") {
  MESSAGE("seed " << limits_seed);
  Executor executor(1);
  const auto panel_of = [&](std::uint64_t memory_limit) {
    PanelOptions options;
    options.memory_limit = memory_limit;
    Panel panel(executor, options);
    panel.add_tap({"net", "small"}, Layout::nc);
    panel.add_tap({"net", "wide"}, Layout::nc);
    panel.add_pair(0, 1);
    return panel;
  };
  Panel worker = panel_of(0);
  auto step = worker.begin();
  const Eigen::MatrixXd small = normal_matrix(30, 8, limits_seed);
  const Eigen::MatrixXd wide = normal_matrix(30, 200, limits_seed);
  step.observe(0, view_of(small));
  step.observe(1, view_of(wide));
  step.commit();
  Panel panel = panel_of(10'000);
  panel.merge(worker.end_window());
  CHECK(panel.moments_bytes() <= 10'000);
  const PanelMoments moments = panel.end_window();
  CHECK(moments.taps[0].moments->samples() == 30);
  CHECK_FALSE(moments.taps[1].moments);
  CHECK_FALSE(moments.pairs[0].moments);
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].kind == FaultKind::over_limit);
  CHECK(moments.faults[0].subject == "net/wide");
  CHECK(moments.faults[0].message.find("200 features they would take") != std::string::npos);
}

TEST_CASE("over the memory limit a known shape is refused, with the bytes it would take") {
  Executor executor(1);
  PanelOptions options;
  options.memory_limit = 100'000;
  Panel panel(executor, options);
  panel.add_tap({"net", "a"}, Layout::nc, TapShape{.features = 64});
  panel.add_tap({"ref", "a"}, Layout::nc, TapShape{.features = 64});
  CHECK(panel.moments_bytes() == 2 * 8 * (64 * 64 + 2 * 64));
  CHECK_THROWS_WITH_AS(panel.add_tap({"net", "wide"}, Layout::nc, TapShape{.features = 128}),
                       "net/wide: expected moments within the memory limit of 100000 bytes, they "
                       "would take 200704",
                       Error);
  CHECK(panel.tap_count() == 2);
  CHECK_THROWS_AS(panel.add_pair(0, 1), Error);
  CHECK(panel.pair_count() == 0);
  feed(panel, normal_matrix(30, 64, limits_seed));
  CHECK(panel.end_window().taps[1].moments->samples() == 30);
}

TEST_CASE("over the memory limit an unknown shape is a fault, and the others go on") {
  Executor executor(1);
  PanelOptions options;
  options.memory_limit = 100'000;
  Panel panel(executor, options);
  panel.add_tap({"net", "small"}, Layout::nc);
  panel.add_tap({"net", "wide"}, Layout::nc);
  for (int window = 0; window < 2; ++window) {
    auto step = panel.begin();
    const Eigen::MatrixXd small = normal_matrix(30, 8, limits_seed);
    const Eigen::MatrixXd wide = normal_matrix(30, 128, limits_seed);
    step.observe(0, view_of(small));
    step.observe(1, view_of(wide));
    step.commit();
    const PanelMoments moments = panel.end_window();
    CHECK(moments.taps[0].moments->samples() == 30);
    CHECK_FALSE(moments.taps[1].moments);
    REQUIRE(moments.faults.size() == 1);
    CHECK(moments.faults[0].kind == FaultKind::over_limit);
    CHECK(moments.faults[0].message.find("128 features they would take") != std::string::npos);
  }
}

TEST_CASE("the plan counts bytes and operations before anything runs") {
  Executor executor(1);
  PanelOptions options;
  options.positions = Positions::sampled(16);
  Panel panel(executor, options);
  panel.add_tap({"net", "conv"}, Layout::nchw,
                TapShape{.features = 128, .grid = {8, 8}, .dtype = DType::float32});
  panel.add_tap({"ref", "conv"}, Layout::nchw,
                TapShape{.features = 256, .grid = {8, 8}, .dtype = DType::float16});
  panel.add_pair(0, 1);
  const PanelPlan plan = panel.plan(100);
  CHECK(plan.moments_bytes ==
        8 * (128 * 128 + 2 * 128 + 256 * 256 + 2 * 256 + 128 * 256 + 2 * (128 + 256)));
  // Of each tap's own products the lower triangle, of the pair's all.
  CHECK(plan.flops == 2 * 1600ULL * (128 * 129 / 2 + 256 * 257 / 2 + 128 * 256));
  CHECK(plan.widest_features == 256);
  CHECK(plan.images_needed == 2560);
  CHECK(plan.bytes() > plan.moments_bytes + 1600 * (128 * 4 + 256 * 2));
  panel.add_tap({"net", "unknown"}, Layout::nc);
  CHECK_THROWS_WITH_AS(panel.plan(100),
                       "net/unknown: expected a known shape to plan with, got none", Error);
}

TEST_CASE("a view of another shape than declared is a fault") {
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "a"}, Layout::nc, TapShape{.features = 4});
  feed(panel, normal_matrix(20, 5, limits_seed));
  const PanelMoments moments = panel.end_window();
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].message ==
        "expected 4 features on 1 x 1 positions as declared, got 5 features on 1 x 1 positions");
}

TEST_CASE("the last tap may be taken back, with its pairs, until it is fed") {
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "a"}, Layout::nc);
  panel.add_tap({"ref", "a"}, Layout::nc);
  panel.add_pair(0, 1);
  panel.remove_last_tap();
  CHECK(panel.tap_count() == 1);
  CHECK(panel.pair_count() == 0);
  feed(panel, normal_matrix(20, 4, limits_seed));
  CHECK_THROWS_AS(panel.remove_last_tap(), Error);
  CHECK(panel.end_window().taps[0].moments->samples() == 20);
}

TEST_CASE("a plan counts the numbers of steps that rows of sequences keep") {
  Executor executor(1);
  const Eigen::MatrixXd values = normal_matrix(10 * 7, 6, limits_seed);
  const auto planned = [&](const Reading& reading) {
    Panel panel(executor, {});
    panel.add_tap({"net", "a"}, reading,
                  TapShape{.features = 6, .grid = {1, 7}, .dtype = DType::float64});
    return panel.plan(10).step_bytes;
  };
  const auto held = [&](Layout layout, const std::array<std::int64_t, 3>& shape) {
    PackedRows rows;
    REQUIRE(rows.pack(ActivationView(values.data(), DType::float64, shape), layout,
                      Positions::all(), 0));
    return rows.bytes();
  };
  // The same rows, as steps and as positions.
  const std::uint64_t of_steps = planned(Layout::ntc) - planned(Layout::ncl);
  CHECK(of_steps == held(Layout::ntc, {10, 7, 6}) - held(Layout::ncl, {10, 6, 7}));
  CHECK(of_steps == 10 * 7 * sizeof(std::uint32_t));
}
