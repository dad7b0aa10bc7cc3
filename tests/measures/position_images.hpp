#pragma once

#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel.hpp"

// Made images whose positions depend on each other, and the floors that livecca gives them.

namespace livecca_tests {

using namespace livecca;

inline constexpr std::uint64_t position_seed = 4711;

/// Images × features × height × width, as float64.
struct Images {
  std::vector<double> values;
  std::array<std::int64_t, 4> shape{};

  std::size_t values_of_image() const { return values.size() / static_cast<std::size_t>(shape[0]); }
  ActivationView view() const { return {values.data(), DType::float64, shape}; }
  ActivationView image(std::uint64_t number) const {
    const std::array<std::int64_t, 4> one{1, shape[1], shape[2], shape[3]};
    return {values.data() + number * values_of_image(), DType::float64, one};
  }
  Grid grid() const {
    return {.height = static_cast<std::size_t>(shape[2]),
            .width = static_cast<std::size_t>(shape[3])};
  }
};

/// How the positions of an image depend on each other: the same for every feature, or for a share
/// of them only.
struct Dependence {
  double common = 0;       ///< correlation of any two positions
  double neighbours = 0;   ///< to the power of their distance
  double of_features = 1;  ///< the share of the features that this holds for
  /// The deviation of what is the same in all images: at the border of the grid, and from top to
  /// bottom, as every feature weighs it.
  double of_position = 0;
};

inline Eigen::MatrixXd factor_of(const Dependence& dependence, std::int64_t extent) {
  const auto count = static_cast<Eigen::Index>(extent * extent);
  Eigen::MatrixXd correlation(count, count);
  for (Eigen::Index a = 0; a < count; ++a) {
    for (Eigen::Index b = 0; b < count; ++b) {
      const double rows = static_cast<double>(a / extent - b / extent);
      const double columns = static_cast<double>(a % extent - b % extent);
      const double of_neighbours = dependence.neighbours == 0
                                       ? (a == b ? 1.0 : 0.0)
                                       : std::pow(dependence.neighbours, std::hypot(rows, columns));
      correlation(a, b) = dependence.common + (1 - dependence.common) * of_neighbours;
    }
  }
  return correlation.llt().matrixL();
}

/// Positions × 2: whether it is at the border, and how far down, both of deviation 1 or so.
inline Eigen::MatrixXd patterns_of(std::int64_t extent) {
  Eigen::MatrixXd patterns(extent * extent, 2);
  for (std::int64_t position = 0; position < extent * extent; ++position) {
    const std::int64_t row = position / extent;
    const std::int64_t column = position % extent;
    const bool inside = std::min(row, column) > 0 && std::max(row, column) < extent - 1;
    patterns(position, 0) = inside ? -1 : 1;
    patterns(position, 1) = 3.0 * static_cast<double>(row) / static_cast<double>(extent) - 1.5;
  }
  return patterns;
}

struct Extents {
  std::int64_t images = 0;
  std::int64_t features = 0;
  std::int64_t extent = 1;  ///< height and width
};

inline Images random_images(const Extents& extents, const Dependence& dependence,
                            std::mt19937_64& engine) {
  const auto& [images, features, extent] = extents;
  std::normal_distribution<double> normal;
  const Eigen::MatrixXd factor = factor_of(dependence, extent);
  const Eigen::MatrixXd patterns = dependence.of_position * patterns_of(extent);
  Eigen::MatrixXd weights(patterns.cols(), features);
  for (double& weight : weights.reshaped()) weight = normal(engine);
  Images result{{}, {images, features, extent, extent}};
  Eigen::VectorXd draw(factor.rows());
  for (std::int64_t map = 0; map < images * features; ++map) {
    for (double& value : draw) value = normal(engine);
    const auto feature = static_cast<double>(map % features);
    if (feature < dependence.of_features * static_cast<double>(features)) {
      draw = factor.triangularView<Eigen::Lower>() * draw;
    }
    draw += patterns * weights.col(map % features);
    // Unequal scales, so that CKA and SVCCA see other directions than CCA does.
    draw *= std::exp(-3 * feature / static_cast<double>(features));
    result.values.insert(result.values.end(), draw.begin(), draw.end());
  }
  return result;
}

inline ImagesAgain again(const Images& images, const Positions& positions) {
  const auto read = [&images, positions](std::uint64_t image, ImageRows& into) {
    PackedRows packed;
    if (!packed.pack(images.image(image), Layout::nchw, positions, image)) return false;
    choose_positions(positions, images.grid(), image, into.positions);
    take_samples(packed, into);
    return true;
  };
  return {static_cast<std::uint64_t>(images.shape[0]), images.grid(), read};
}

/// Of a pair, whose images are not read again.
inline PanelMoments moments_of(const Images& x, const Images& y, const Positions& positions,
                               Executor& executor) {
  Panel panel(executor, {.positions = positions, .norm_sums = true});
  panel.add_tap({"net", "conv"}, Layout::nchw);
  panel.add_tap({"reference", "conv"}, Layout::nchw);
  panel.add_pair(0, 1);
  auto step = panel.begin();
  step.observe(0, x.view());
  step.observe(1, y.view());
  step.commit();
  return panel.end_window();
}

inline PanelSolution solved(const Images& x, const Images& y, const Positions& positions,
                            Executor& executor, bool is_read = true,
                            const SolveOptions& options = {}) {
  PanelMoments moments = moments_of(x, y, positions, executor);
  if (is_read) {
    moments.taps[0].images_again = again(x, positions);
    moments.taps[1].images_again = again(y, positions);
  }
  return solve(moments, options, executor);
}

struct Draws {
  std::vector<double> values;
  double floor = 0;  ///< the mean, as of the next
  double independent = 0;
  std::vector<double> p_values;
};

using DrawsByMeasure = std::map<std::string, Draws>;

inline void add(const PanelSolution& solution, int count, DrawsByMeasure& found) {
  for (const MeasureInfo& info : measures()) {
    const MeasureResult result = evaluate(solution, 0, info);
    if (!result.floor || !result.value) continue;
    // Angles as their cosines: then all floors that are too high are on the safe side.
    const bool is_angle =
        info.measure == Measure::angular || info.measure == Measure::partial_whitening;
    Draws& of = found[std::string(info.name)];
    of.values.push_back(is_angle ? std::cos(*result.value) : *result.value);
    of.floor += (is_angle ? std::cos(*result.floor) : *result.floor) / count;
    of.independent += result.independent_samples / count;
    if (result.p_value) of.p_values.push_back(*result.p_value);
  }
}

/// The mean, and its standard error.
inline std::pair<double, double> mean_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (count - 1) / count)};
}

/// Of unrelated images.
inline DrawsByMeasure draws_of(int count, const Extents& extents, const Dependence& dependence,
                               const Positions& positions = Positions::all()) {
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  DrawsByMeasure found;
  for (int draw = 0; draw < count; ++draw) {
    const Images x = random_images(extents, dependence, engine);
    const Images y = random_images(extents, dependence, engine);
    add(solved(x, y, positions, executor), count, found);
  }
  return found;
}

/// Dependence is taken 5 % too large, which the floors of squares have in full.
inline void check_floors(const DrawsByMeasure& found, double lowest, double highest,
                         double highest_partly_whitened = 0) {
  for (const std::string name :
       {"mean_cca", "r2_cca", "pwcca", "svcca", "linear_cka", "linreg_x_from_y", "linreg_y_from_x",
        "angular", "partial_whitening"}) {
    CAPTURE(name);
    REQUIRE(found.contains(name));
    const Draws& of = found.at(name);
    const auto [mean, error] = mean_of(of.values);
    const double off = of.floor / mean - 1;
    const double by_chance = 3 * error / mean;
    MESSAGE(name << ": " << mean << ", floor of " << of.independent
                 << " independent samples off by " << 100 * off << " %, by chance up to "
                 << 100 * by_chance << " %");
    CHECK(off > lowest - by_chance);
    CHECK(off <
          (name == "partial_whitening" ? std::max(highest, highest_partly_whitened) : highest) +
              by_chance);
  }
}

inline constexpr Extents usual{.images = 200, .features = 50, .extent = 4};

}  // namespace livecca_tests
