#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <filesystem>
#include <iterator>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/moments/panel.hpp"
#include "matrices.hpp"
#include "support/file_text.hpp"
#include "support/random_data.hpp"
#include "support/stored_tensor.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::product_of;
using livecca_tests::same_bits;
using livecca_tests::scatter_of;
using livecca_tests::StoredTensor;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::uint64_t panel_readings_seed = 808;

Eigen::MatrixXd pooled_of(const StoredTensor& tensor) {
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(tensor.extents().n, tensor.extents().c);
  for (Eigen::Index n = 0; n < rows.rows(); ++n)
    for (Eigen::Index c = 0; c < rows.cols(); ++c) {
      for (std::int64_t p = 0; p < tensor.positions(); ++p) rows(n, c) += tensor.at(n, c, p);
      rows(n, c) /= static_cast<double>(tensor.positions());
    }
  return rows;
}

Eigen::MatrixXd flat_of(const StoredTensor& tensor) {
  Eigen::MatrixXd rows(tensor.extents().n, tensor.extents().c * tensor.positions());
  for (Eigen::Index n = 0; n < rows.rows(); ++n)
    for (std::int64_t c = 0; c < tensor.extents().c; ++c)
      for (std::int64_t p = 0; p < tensor.positions(); ++p)
        rows(n, c * tensor.positions() + p) = tensor.at(n, c, p);
  return rows;
}

/// The same by centring the whole matrices.
void check_moments(const PanelMoments& moments, const Eigen::MatrixXd& x,
                   const Eigen::MatrixXd& y) {
  REQUIRE(moments.pairs.at(0).moments);
  const Eigen::MatrixXd cx = x.rowwise() - x.colwise().mean();
  const Eigen::MatrixXd cy = y.rowwise() - y.colwise().mean();
  const Eigen::MatrixXd sxx = cx.transpose() * cx;
  const Eigen::MatrixXd sxy = cx.transpose() * cy;
  CHECK((scatter_of(*moments.taps[0].moments) - sxx).norm() < 1e-12 * sxx.norm());
  CHECK((product_of(*moments.pairs[0].moments) - sxy).norm() < 1e-12 * sxy.norm());
  CHECK(moments.pairs[0].moments->samples() == static_cast<std::uint64_t>(x.rows()));
}

/// Feeds a panel of two taps that are a pair, once.
PanelMoments moments_of(const Reading& x, const ActivationView& view_x, const Reading& y,
                        const ActivationView& view_y, PanelOptions options = {}) {
  Executor executor(1);
  Panel panel(executor, options);
  panel.add_tap({"net", "a"}, x);
  panel.add_tap({"reference", "a"}, y);
  panel.add_pair(0, 1);
  auto step = panel.begin();
  step.observe(0, view_x);
  step.observe(1, view_y);
  step.commit();
  return panel.end_window();
}

/// One tap, observed once a tensor.
PanelMoments fed(const Reading& reading, std::vector<StoredTensor> tensors) {
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "a"}, reading);
  for (StoredTensor& tensor : tensors) {
    auto step = panel.begin();
    step.observe(0, tensor.view(reading.layout));
    step.commit();
  }
  return panel.end_window();
}

}  // namespace

TEST_CASE("pooled taps of unequal sizes and layouts pair, image by image") {
  MESSAGE("seed " << panel_readings_seed);
  StoredTensor small({.n = 60, .c = 4, .h = 3, .w = 5}, panel_readings_seed);
  StoredTensor large({.n = 60, .c = 3, .d = 2, .h = 4, .w = 4}, panel_readings_seed + 1);
  const PanelMoments moments =
      moments_of(Reading::pooled(Layout::nhwc), small.view(Layout::nhwc),
                 Reading::pooled(Layout::ncdhw), large.view(Layout::ncdhw));
  check_moments(moments, pooled_of(small), pooled_of(large));
  CHECK(moments.taps[0].grid == Grid{1, 1});
  CHECK(moments.taps[0].moments->weights().effective_images() == 60);
  CHECK(moments.faults.empty());
}

TEST_CASE("a flattened tap pairs with a pooled one and with a dense layer") {
  StoredTensor image({.n = 60, .c = 2, .h = 2, .w = 3}, panel_readings_seed);
  StoredTensor signal({.n = 60, .c = 5, .w = 7}, panel_readings_seed + 1);
  const PanelMoments moments =
      moments_of(Reading::flattened(Layout::nchw), image.view(Layout::nchw),
                 Reading::pooled(Layout::ncl), signal.view(Layout::ncl));
  check_moments(moments, flat_of(image), pooled_of(signal));
  CHECK(moments.taps[0].features_of_tap == 12);
  StoredTensor dense({.n = 60, .c = 4}, panel_readings_seed + 2);
  const PanelMoments other = moments_of(Reading::flattened(Layout::nhwc), image.view(Layout::nhwc),
                                        Layout::nc, dense.view(Layout::nc));
  check_moments(other, flat_of(image), flat_of(dense));
}

TEST_CASE("max_features cuts the flattened columns, the same whatever the memory order") {
  StoredTensor image({.n = 40, .c = 3, .h = 2, .w = 4}, panel_readings_seed);
  PanelOptions options;
  options.max_features = 5;
  options.feature_seed = 3;
  std::vector<std::size_t> chosen;
  choose_features(24, 5, 3, chosen);
  Eigen::MatrixXd expected(40, 5);
  for (std::size_t j = 0; j < 5; ++j) {
    expected.col(static_cast<Eigen::Index>(j)) =
        flat_of(image).col(static_cast<Eigen::Index>(chosen[j]));
  }
  StoredTensor same = image;
  const PanelMoments moments =
      moments_of(Reading::flattened(Layout::nchw), image.view(Layout::nchw),
                 Reading::flattened(Layout::nhwc), same.view(Layout::nhwc), options);
  check_moments(moments, expected, expected);
  CHECK(moments.taps[0].features_of_tap == 24);
}

TEST_CASE("volumes pair position by position, at seeded positions too") {
  StoredTensor a({.n = 30, .c = 4, .d = 2, .h = 3, .w = 2}, panel_readings_seed);
  StoredTensor b({.n = 30, .c = 3, .d = 2, .h = 3, .w = 2}, panel_readings_seed + 1);
  PanelOptions options;
  options.positions = Positions::sampled(5, 2);
  const PanelMoments moments = moments_of(Layout::ncdhw, a.view(Layout::ncdhw), Layout::ncdhw,
                                          b.view(Layout::ncdhw), options);
  Eigen::MatrixXd x(150, 4);
  Eigen::MatrixXd y(150, 3);
  std::vector<std::size_t> chosen;
  Eigen::Index row = 0;
  for (std::int64_t n = 0; n < 30; ++n) {
    choose_positions(options.positions, Grid{1, 12}, static_cast<std::uint64_t>(n), chosen);
    for (const std::size_t p : chosen) {
      for (Eigen::Index c = 0; c < 4; ++c) x(row, c) = a.at(n, c, static_cast<std::int64_t>(p));
      for (Eigen::Index c = 0; c < 3; ++c) y(row, c) = b.at(n, c, static_cast<std::int64_t>(p));
      ++row;
    }
  }
  check_moments(moments, x, y);
  CHECK(moments.taps[0].grid == Grid{3, 2, 2});
}

TEST_CASE("a tap's own shape stays as it was, though its rows would fit") {
  const StoredTensor first({.n = 5, .c = 4, .h = 3, .w = 5}, panel_readings_seed);
  const StoredTensor larger({.n = 5, .c = 4, .h = 4, .w = 5}, panel_readings_seed);
  const PanelMoments pooled = fed(Reading::pooled(Layout::nchw), {first, larger});
  REQUIRE(pooled.faults.size() == 1);
  CHECK(pooled.faults[0].message ==
        "expected 4 features on 3 x 5 positions as before, got 4 features on 4 x 5 positions");
  const StoredTensor short_sequences({.n = 5, .c = 4, .w = 3}, panel_readings_seed);
  const StoredTensor long_sequences({.n = 5, .c = 4, .w = 6}, panel_readings_seed);
  const PanelMoments flat = fed(Reading::flattened(Layout::ntc), {short_sequences, long_sequences});
  REQUIRE(flat.faults.size() == 1);
  CHECK(flat.faults[0].kind == FaultKind::shape_changed);
}

TEST_CASE("the number of steps may differ from batch to batch") {
  const StoredTensor short_sequences({.n = 5, .c = 4, .w = 3}, panel_readings_seed);
  const StoredTensor long_sequences({.n = 5, .c = 4, .w = 6}, panel_readings_seed);
  const auto samples = [&](const Reading& reading) {
    const PanelMoments moments = fed(reading, {short_sequences, long_sequences, short_sequences});
    CHECK(moments.faults.empty());
    CHECK(moments.taps[0].grid == Grid{1, 1});
    return moments.taps[0].moments->samples();
  };
  CHECK(samples(Layout::ntc) == 60);
  CHECK(samples(Reading::pooled(Layout::tnc)) == 15);
  CHECK(samples(Reading::last_step(Layout::ntc)) == 15);
  CHECK(samples(Reading::at_step(Layout::ntc, 2)) == 15);
  CHECK(samples(Reading::at_step(Layout::ntc, 3)) == 5);
}

TEST_CASE("workers whose steps differ in number merge, and a window goes on after a merge") {
  const StoredTensor short_sequences({.n = 5, .c = 4, .w = 3}, panel_readings_seed);
  const StoredTensor long_sequences({.n = 5, .c = 4, .w = 6}, panel_readings_seed);
  PanelMoments merged = fed(Layout::ntc, {short_sequences});
  merge(merged, fed(Layout::ntc, {long_sequences}));
  CHECK(merged.faults.empty());
  CHECK(merged.taps[0].moments->samples() == 45);

  const std::vector<Reading> readings{Layout::ntc, Reading::pooled(Layout::nchw),
                                      Reading::flattened(Layout::nchw), Layout::ncdhw};
  for (const Reading& reading : readings) {
    CAPTURE(reading.text());
    const std::string axes = name_of(reading.layout);
    StoredTensor tensor({.n = 8,
                         .c = 3,
                         .d = axes.find('d') == std::string::npos ? 1 : 2,
                         .h = axes.find('h') == std::string::npos ? 1 : 2,
                         .w = 3},
                        panel_readings_seed);
    Executor executor(1);
    Panel panel(executor, {});
    panel.add_tap({"net", "a"}, reading);
    panel.merge(fed(reading, {tensor}));
    for (int i = 0; i < 2; ++i) {
      auto step = panel.begin();
      step.observe(0, tensor.view(reading.layout));
      step.commit();
    }
    const PanelMoments moments = panel.end_window();
    CHECK(moments.faults.empty());
    REQUIRE(moments.taps[0].moments);
    const PanelMoments expected = fed(reading, {tensor, tensor, tensor});
    CHECK(moments.taps[0].moments->samples() == expected.taps[0].moments->samples());
    CHECK(moments.taps[0].grid == expected.taps[0].grid);
  }
}

TEST_CASE("a reading that its layout cannot give is wrong use, by name") {
  Executor executor(1);
  Panel panel(executor, {});
  CHECK_THROWS_WITH_AS(
      panel.add_tap({"net", "a"}, Reading::last_step(Layout::nchw)),
      "net/a: expected a layout of sequences (ntc, tnc) to take a step of, got nchw", Error);
  CHECK(panel.tap_count() == 0);
}

TEST_CASE("a plan counts a reading's rows and columns") {
  Executor executor(1);
  PanelOptions options;
  options.positions = Positions::sampled(4);
  Panel panel(executor, options);
  const TapShape shape{.features = 6, .grid = {2, 3}, .dtype = DType::float16};
  panel.add_tap({"net", "flat"}, Reading::flattened(Layout::nchw), shape);
  CHECK(panel.moments_bytes() == 8 * (36 * 36 + 2 * 36));
  const std::uint64_t flat = panel.plan(100).flops;
  CHECK(flat == 2 * 100 * (36 * 37 / 2));
  panel.add_tap({"net", "pooled"}, Reading::pooled(Layout::nchw), shape);
  CHECK(panel.plan(100).flops - flat == 2 * 100 * (6 * 7 / 2));
  panel.add_tap({"net", "steps"}, Layout::ntc, TapShape{.features = 6, .grid = {1, 9}});
  CHECK(panel.plan(100).flops - flat == 2 * (100 + 400) * (6 * 7 / 2));
}

TEST_CASE("a depth comes back from a file, and files without one are as they were") {
  const TemporaryFolder folder;
  const StoredTensor volume({.n = 9, .c = 2, .d = 3, .h = 2, .w = 2}, panel_readings_seed);
  const StoredTensor image({.n = 9, .c = 2, .h = 2, .w = 2}, panel_readings_seed);
  const auto text_with = [&](const Reading& reading, const StoredTensor& tensor, Grid grid) {
    const auto path = folder.path() / "moments";
    const PanelMoments moments = fed(reading, {tensor});
    REQUIRE(save_moments(path, moments, {}));
    const PanelMoments loaded = load_moments(path)->moments;
    CHECK(same_bits(moments, loaded));
    CHECK(loaded.taps[0].grid == grid);
    CHECK_FALSE(loaded.taps[0].frequency);
    return livecca_tests::text_of(path);
  };
  CHECK(text_with(Layout::ncdhw, volume, Grid{2, 2, 3}).find("\\\"grid\\\":[3,2,2]") !=
        std::string::npos);
  const std::string flat = text_with(Layout::nchw, image, Grid{2, 2});
  CHECK(flat.find("\\\"grid\\\":[2,2]") != std::string::npos);
  CHECK(flat.find("frequency") == std::string::npos);
}
