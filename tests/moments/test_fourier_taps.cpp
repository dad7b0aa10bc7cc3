#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <numbers>

#include "livecca/common/error.hpp"
#include "livecca/moments/fourier_taps.hpp"
#include "livecca/moments/moments_file.hpp"
#include "matrices.hpp"
#include "support/stored_tensor.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::product_of;
using livecca_tests::same_bits;
using livecca_tests::scatter_of;
using livecca_tests::StoredTensor;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::uint64_t fourier_taps_seed = 2718;
using Complex = std::complex<double>;

/// images × channels at one frequency, by the definition.
Eigen::MatrixXcd coefficients(const StoredTensor& tensor, const Frequency& k) {
  const auto& extents = tensor.extents();
  Eigen::MatrixXcd result = Eigen::MatrixXcd::Zero(extents.n, extents.c);
  for (std::int64_t h = 0; h < extents.h; ++h)
    for (std::int64_t w = 0; w < extents.w; ++w) {
      const double turns = static_cast<double>(k.height * h) / static_cast<double>(extents.h) +
                           static_cast<double>(k.width * w) / static_cast<double>(extents.w);
      const Complex wave =
          std::polar(1.0 / static_cast<double>(tensor.positions()), -2 * std::numbers::pi * turns);
      for (Eigen::Index n = 0; n < result.rows(); ++n)
        for (Eigen::Index c = 0; c < result.cols(); ++c)
          result(n, c) += wave * tensor.at(n, c, 0, h, w);
    }
  return result;
}

Eigen::MatrixXcd centred(const Eigen::MatrixXcd& z) { return z.rowwise() - z.colwise().mean(); }

/// Σ z_x z_yᴴ from the moments of real and imaginary parts.
Eigen::MatrixXcd hermitian(const Eigen::MatrixXd& m) {
  const Eigen::Index p = m.rows() / 2;
  const Eigen::Index q = m.cols() / 2;
  Eigen::MatrixXcd result(p, q);
  result.real() = m.topLeftCorner(p, q) + m.bottomRightCorner(p, q);
  result.imag() = m.bottomLeftCorner(p, q) - m.topRightCorner(p, q);
  return result;
}

TapShape shape_of(const StoredTensor& tensor) {
  const auto& extents = tensor.extents();
  return {.features = static_cast<std::size_t>(extents.c),
          .grid = {static_cast<std::size_t>(extents.h), static_cast<std::size_t>(extents.w),
                   static_cast<std::size_t>(extents.d)}};
}

struct Layers {
  Executor executor{2};
  StoredTensor small{{.n = 50, .c = 3, .h = 4, .w = 5}, fourier_taps_seed};
  StoredTensor large{{.n = 50, .c = 2, .h = 6, .w = 5}, fourier_taps_seed + 1};
  Panel panel;
  FourierTaps x;
  FourierTaps y;
  std::vector<FourierTaps::PairAtFrequency> pairs;

  explicit Layers(PanelOptions options = {})
      : panel(executor, options),
        x(panel, {"net", "conv"}, Layout::nchw, shape_of(small)),
        y(panel, {"ref", "conv"}, Layout::nhwc, shape_of(large), shape_of(small).grid),
        pairs(add_pairs(panel, x, y)) {}

  void feed() {
    auto step = panel.begin();
    x.observe(step, small.view(Layout::nchw));
    y.observe(step, large.view(Layout::nhwc));
    step.commit();
  }
};

}  // namespace

TEST_CASE("a layer has one tap a frequency, and pairs with another on those that both have") {
  Layers layers;
  layers.feed();
  const PanelMoments moments = layers.panel.end_window();
  CHECK(moments.faults.empty());
  CHECK(layers.x.taps().size() == half_spectrum(Grid{4, 5}).size());
  // Heights 4 and 6 share −1, 0, 1; widths are equal: one half of 3 × 5.
  CHECK(layers.y.taps().size() == 8);
  CHECK(layers.pairs.size() == 8);
  CHECK(moments.taps[layers.x.taps()[0]].name == TapName{"net", "conv@f(0,0)"});
  CHECK(moments.taps[layers.x.taps()[1]].name == TapName{"net", "conv@f(0,1)"});
  for (std::size_t i = 0; i < layers.x.taps().size(); ++i) {
    const TapMoments& tap = moments.taps[layers.x.taps()[i]];
    const Frequency& k = layers.x.frequencies()[i];
    REQUIRE(tap.moments);
    CHECK(tap.frequency == k);
    CHECK(tap.grid == Grid{1, 1});
    const Eigen::MatrixXcd z = centred(coefficients(layers.small, k));
    const Eigen::MatrixXcd expected = z.transpose() * z.conjugate();
    CHECK((hermitian(scatter_of(*tap.moments)) - expected).norm() < 1e-12 * expected.norm());
  }
  for (const auto& [k, pair] : layers.pairs) {
    CAPTURE(k.text());
    REQUIRE(moments.pairs[pair].moments);
    CHECK(moments.taps[moments.pairs[pair].x].frequency == k);
    CHECK(moments.taps[moments.pairs[pair].y].frequency == k);
    const Eigen::MatrixXcd expected = centred(coefficients(layers.small, k)).transpose() *
                                      centred(coefficients(layers.large, k)).conjugate();
    CHECK((hermitian(product_of(*moments.pairs[pair].moments)) - expected).norm() <
          1e-12 * expected.norm());
  }
}

TEST_CASE("names carry as many indices as there are axes") {
  Executor executor(1);
  Panel panel(executor, {});
  const FourierTaps line(panel, {"net", "a"}, Layout::ncl, {.features = 2, .grid = {1, 3}});
  const FourierTaps volume(panel, {"net", "b"}, Layout::ncdhw, {.features = 2, .grid = {2, 2, 3}});
  const PanelMoments moments = panel.copy_moments();
  CHECK(moments.taps[line.taps()[1]].name.layer == "a@f(1)");
  CHECK(moments.taps[volume.taps().back()].name.layer == "b@f(1,1,1)");
  CHECK_THROWS_WITH_AS(
      FourierTaps(panel, {"net", "c"}, Layout::ntc, {.features = 2, .grid = {1, 3}}),
      "net/c: expected a layout with positions to transform over, got ntc", Error);
  CHECK_THROWS_AS(panel.add_frequency_tap({"net", "d"}, {}, TapShape{.features = 3}), Error);
}

TEST_CASE("a wide layer loses channels, real and imaginary parts together") {
  StoredTensor tensor({.n = 30, .c = 7, .h = 3, .w = 4}, fourier_taps_seed);
  for (const auto& [most, channels] : {std::pair(6, 6), std::pair(3, 3), std::pair(1, 1)}) {
    PanelOptions options;
    options.max_features = static_cast<std::size_t>(most);
    options.feature_seed = 77;
    Executor executor(1);
    Panel panel(executor, options);
    FourierTaps taps(panel, {"net", "conv"}, Layout::nchw, shape_of(tensor));
    auto step = panel.begin();
    taps.observe(step, tensor.view(Layout::nchw));
    step.commit();
    const PanelMoments moments = panel.end_window();
    std::vector<std::size_t> chosen;
    choose_features(7, static_cast<std::size_t>(channels), 77, chosen);
    for (std::size_t i = 0; i < taps.taps().size(); ++i) {
      const TapMoments& tap = moments.taps[taps.taps()[i]];
      CHECK(tap.features_of_tap == 14);
      CHECK(tap.moments->features() == static_cast<std::size_t>(2 * channels));
      const Eigen::MatrixXcd all = centred(coefficients(tensor, taps.frequencies()[i]));
      Eigen::MatrixXcd z(30, channels);
      for (Eigen::Index j = 0; j < channels; ++j) {
        z.col(j) = all.col(static_cast<Eigen::Index>(chosen[static_cast<std::size_t>(j)]));
      }
      const Eigen::MatrixXcd expected = z.transpose() * z.conjugate();
      CHECK((hermitian(scatter_of(*tap.moments)) - expected).norm() < 1e-12 * expected.norm());
    }
  }
}

TEST_CASE("a view of another shape is a fault of every frequency, with what was expected") {
  Layers layers;
  StoredTensor other({.n = 50, .c = 3, .h = 4, .w = 6}, fourier_taps_seed);
  auto step = layers.panel.begin();
  layers.x.observe(step, other.view(Layout::nchw));
  layers.y.observe(step, layers.large.view(Layout::nhwc));
  step.commit();
  const PanelMoments moments = layers.panel.end_window();
  REQUIRE(moments.faults.size() == layers.x.taps().size());
  for (const Fault& fault : moments.faults) {
    CHECK(fault.kind == FaultKind::shape_changed);
    CHECK(fault.message ==
          "expected 3 features on 4 x 5 positions as declared, got 3 features on 4 x 6 positions");
  }
  CHECK(moments.taps[layers.y.taps()[0]].moments->samples() == 50);
}

TEST_CASE("an image with a NaN leaves all frequencies of both layers") {
  Layers layers;
  layers.small.at(13, 1, 0, 2, 2) = std::nan("");
  layers.feed();
  const PanelMoments moments = layers.panel.end_window();
  for (const TapMoments& tap : moments.taps) {
    CHECK(tap.moments->samples() == 49);
    CHECK(tap.samples_left_out == 1);
  }
}

TEST_CASE("a layer over the memory limit leaves the panel as it was") {
  Executor executor(1);
  PanelOptions options;
  options.memory_limit = 3000;
  Panel panel(executor, options);
  CHECK_THROWS_AS(
      FourierTaps(panel, {"net", "conv"}, Layout::nchw, {.features = 4, .grid = {4, 4}}), Error);
  CHECK(panel.tap_count() == 0);
}

TEST_CASE("frequencies come back from a file, and a merge lets another frequency go, by name") {
  const TemporaryFolder folder;
  PanelOptions options;
  options.error_blocks = 2;
  Layers layers(options);
  for (int i = 0; i < 4; ++i) layers.feed();
  const PanelMoments moments = layers.panel.end_window();
  REQUIRE(save_moments(folder.path() / "m", moments, {}));
  PanelMoments loaded = load_moments(folder.path() / "m")->moments;
  CHECK(same_bits(moments, loaded));
  for (std::size_t i = 0; i < moments.taps.size(); ++i) {
    REQUIRE(loaded.taps[i].frequency);
    CHECK(loaded.taps[i].frequency == moments.taps[i].frequency);
    CHECK(loaded.blocks.at(1).taps[i].frequency == moments.taps[i].frequency);
  }
  PanelMoments merged = moments;
  merge(merged, loaded);
  CHECK(merged.faults.empty());
  CHECK(merged.taps[3].moments->samples() == 400);
  // The panel goes on from it.
  layers.panel.merge(loaded);
  layers.feed();
  CHECK(layers.panel.end_window().taps[3].moments->samples() == 250);

  loaded.taps[2].frequency->height += 1;
  loaded.taps[3].frequency.reset();
  merged = moments;
  merge(merged, loaded);
  REQUIRE(merged.faults.size() == 2);
  CHECK(merged.faults[0].kind == FaultKind::shape_changed);
  CHECK(merged.faults[0].subject == moments.taps[2].name.text());
  CHECK(merged.faults[0].message.find("at frequency") != std::string::npos);
  CHECK_FALSE(merged.taps[2].moments);
  CHECK_FALSE(merged.taps[3].moments);
  CHECK(merged.taps[4].moments);
  layers.panel.merge(loaded);
  const PanelMoments fed = layers.panel.end_window();
  REQUIRE(fed.faults.size() == 2);
  CHECK(fed.faults[1].message.ends_with("at no frequency"));
  CHECK_FALSE(fed.taps[2].moments);
}
