#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>

#include "livecca/activations/eigen.hpp"
#include "livecca/moments/panel.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;

namespace {

constexpr std::uint64_t panel_faults_seed = 5;

/// Two pairs, so that the fault of one can be seen to leave the other alone.
struct TwoLayers {
  Executor executor{1};
  Panel panel{executor, {}};
  std::size_t net_a = panel.add_tap({"net", "a"}, Layout::nc);
  std::size_t ref_a = panel.add_tap({"ref", "a"}, Layout::nc);
  std::size_t net_b = panel.add_tap({"net", "b"}, Layout::nc);
  std::size_t ref_b = panel.add_tap({"ref", "b"}, Layout::nc);
  std::size_t pair_a = panel.add_pair(net_a, ref_a);
  std::size_t pair_b = panel.add_pair(net_b, ref_b);
  Eigen::MatrixXd good = normal_matrix(40, 4, panel_faults_seed);

  /// Commits a step in which net/a is fed `a`, or nothing.
  void step(const Eigen::MatrixXd* a) {
    auto open = panel.begin();
    if (a != nullptr) open.observe(net_a, view_of(*a));
    open.observe(ref_a, view_of(good));
    open.observe(net_b, view_of(good));
    open.observe(ref_b, view_of(good));
    open.commit();
  }

  PanelMoments faulty_then_good(const Eigen::MatrixXd* a) {
    step(&good);
    step(a);
    step(&good);
    return panel.end_window();
  }
};

void check_only_net_a_left(const PanelMoments& moments, FaultKind kind) {
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].kind == kind);
  CHECK(moments.faults[0].subject == "net/a");
  CHECK_FALSE(moments.taps[0].moments);
  CHECK(moments.taps[1].moments->samples() == 120);
  CHECK(moments.pairs[1].moments->samples() == 120);
}

}  // namespace

TEST_CASE("a tap that changes its shape leaves, by name, until the next window") {
  TwoLayers layers;
  const Eigen::MatrixXd wider = normal_matrix(40, 5, panel_faults_seed);
  const PanelMoments moments = layers.faulty_then_good(&wider);
  check_only_net_a_left(moments, FaultKind::shape_changed);
  CHECK(moments.faults[0].message.find("expected 4 features") != std::string::npos);
  CHECK(moments.faults[0].message.find("got 5 features") != std::string::npos);
  layers.step(&layers.good);
  const PanelMoments next = layers.panel.end_window();
  CHECK(next.faults.empty());
  CHECK(next.taps[0].moments->samples() == 40);
  CHECK(next.pairs[0].moments->samples() == 40);
}

TEST_CASE("a tap that is not fed in a step leaves, by name") {
  TwoLayers layers;
  check_only_net_a_left(layers.faulty_then_good(nullptr), FaultKind::missing);
}

TEST_CASE("a mostly non-finite tap leaves and does not take the others' rows with it") {
  TwoLayers layers;
  Eigen::MatrixXd bad = layers.good;
  bad.topRows(5).setConstant(std::nan(""));  // 12.5 % of 40, the limit is 10 %
  check_only_net_a_left(layers.faulty_then_good(&bad), FaultKind::nonfinite);
}

TEST_CASE("a few non-finite rows leave all taps of the step, and nobody leaves the panel") {
  TwoLayers layers;
  Eigen::MatrixXd bad = layers.good;
  bad(0, 0) = std::nan("");
  const PanelMoments moments = layers.faulty_then_good(&bad);
  CHECK(moments.faults.empty());
  for (const TapMoments& tap : moments.taps) {
    CHECK(tap.moments->samples() == 119);
    CHECK(tap.samples_left_out == 1);
  }
}

TEST_CASE("rows that were packed before are checked by the panel, and its own packing is, too") {
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "a"}, Layout::nc);
  Eigen::MatrixXd bad = normal_matrix(40, 4, panel_faults_seed);
  bad(3, 1) = std::nan("");
  PackedRows packed;
  packed.check_later(true);
  REQUIRE(packed.pack(view_of(bad), Layout::nc, Positions::all(), 0));
  auto first = panel.begin();
  REQUIRE(first.observe_packed(0, packed, {.features = 4, .grid = {}, .dtype = DType::float64}));
  first.commit();
  auto second = panel.begin();
  REQUIRE(second.observe(0, view_of(bad)));
  second.commit();
  const PanelMoments moments = panel.end_window();
  REQUIRE(moments.taps[0].moments);
  CHECK(moments.taps[0].moments->samples() == 78);
  CHECK(moments.taps[0].samples_left_out == 2);
}

TEST_CASE("a reference with another number of rows ends the pair, by name; its taps go on") {
  TwoLayers layers;
  const Eigen::MatrixXd fewer = normal_matrix(39, 4, panel_faults_seed);
  const PanelMoments moments = layers.faulty_then_good(&fewer);
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].kind == FaultKind::rows_differ);
  CHECK(moments.faults[0].subject == "net/a with ref/a");
  CHECK(moments.faults[0].message == "expected rows that pair, got 39 images and 40 images");
  CHECK_FALSE(moments.pairs[0].moments);
  CHECK(moments.taps[0].moments->samples() == 119);
  CHECK(moments.pairs[1].moments->samples() == 120);
}

TEST_CASE("a tap that joins a window late counts from the next") {
  TwoLayers layers;
  layers.step(&layers.good);
  const auto late = layers.panel.add_tap({"net", "late"}, Layout::nc);
  const PanelMoments moments = layers.panel.end_window();
  REQUIRE(moments.faults.size() == 1);
  CHECK(moments.faults[0].kind == FaultKind::joined_late);
  CHECK(moments.faults[0].subject == "net/late");
  CHECK_FALSE(moments.taps[late].moments);
}

TEST_CASE("taps may join while a step is open") {
  TwoLayers layers;
  auto open = layers.panel.begin();
  open.observe(layers.net_a, view_of(layers.good));
  std::vector<std::size_t> joined;
  for (int i = 0; i < 50; ++i) {
    joined.push_back(layers.panel.add_tap({"more", std::to_string(i)}, Layout::nc));
    open.observe(joined.back(), view_of(layers.good));
  }
  open.observe(layers.ref_a, view_of(layers.good));
  open.observe(layers.net_b, view_of(layers.good));
  open.observe(layers.ref_b, view_of(layers.good));
  open.commit();
  const PanelMoments moments = layers.panel.end_window();
  CHECK(moments.faults.empty());
  CHECK(moments.taps[joined.back()].moments->samples() == 40);
}
