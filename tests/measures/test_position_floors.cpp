#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/measures/noise_floor.hpp"
#include "livecca/moments/panel.hpp"

using namespace livecca;

namespace {

constexpr std::uint64_t position_seed = 4711;

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

Eigen::MatrixXd factor_of(const Dependence& dependence, std::int64_t extent) {
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
Eigen::MatrixXd patterns_of(std::int64_t extent) {
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

Images random_images(const Extents& extents, const Dependence& dependence,
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

ImagesAgain again(const Images& images, const Positions& positions) {
  const auto read = [&images, positions](std::uint64_t image, ImageRows& into) {
    PackedRows packed;
    if (!packed.pack(images.image(image), Layout::nchw, positions, image)) return false;
    choose_positions(positions, images.grid(), image, into.positions);
    take_samples(packed, into);
    return true;
  };
  return {static_cast<std::uint64_t>(images.shape[0]), images.grid(), read};
}

PanelSolution solved(const Images& x, const Images& y, const Positions& positions,
                     Executor& executor, bool is_read = true) {
  Panel panel(executor, {.positions = positions, .norm_sums = true});
  panel.add_tap({"net", "conv"}, Layout::nchw);
  panel.add_tap({"reference", "conv"}, Layout::nchw);
  panel.add_pair(0, 1);
  auto step = panel.begin();
  step.observe(0, x.view());
  step.observe(1, y.view());
  step.commit();
  PanelMoments moments = panel.end_window();
  if (is_read) {
    moments.taps[0].images_again = again(x, positions);
    moments.taps[1].images_again = again(y, positions);
  }
  return solve(moments, {}, executor);
}

struct Draws {
  std::vector<double> values;
  double floor = 0;  ///< the mean, as of the next
  double independent = 0;
  std::vector<double> p_values;
};

using DrawsByMeasure = std::map<std::string, Draws>;

void add(const PanelSolution& solution, int count, DrawsByMeasure& found) {
  for (const MeasureInfo& info : measures()) {
    const MeasureResult result = evaluate(solution, 0, info);
    if (!result.floor || !result.value) continue;
    Draws& of = found[std::string(info.name)];
    of.values.push_back(*result.value);
    of.floor += *result.floor / count;
    of.independent += result.independent_samples / count;
    if (result.p_value) of.p_values.push_back(*result.p_value);
  }
}

/// The mean, and its standard error.
std::pair<double, double> mean_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (count - 1) / count)};
}

/// Of unrelated images.
DrawsByMeasure draws_of(int count, const Extents& extents, const Dependence& dependence,
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
void check_floors(const DrawsByMeasure& found, double lowest, double highest) {
  for (const std::string name : {"mean_cca", "r2_cca", "pwcca", "svcca", "linear_cka",
                                 "linreg_x_from_y", "linreg_y_from_x"}) {
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
    CHECK(off < highest + by_chance);
  }
}

constexpr Extents usual{.images = 200, .features = 50, .extent = 4};

}  // namespace

TEST_CASE("floors know how much the positions of an image have in common") {
  MESSAGE("seed " << position_seed);
  for (const double common : {0.0, 0.5, 0.9}) {
    CAPTURE(common);
    check_floors(draws_of(8, usual, {.common = common}), -0.02, 0.06);
  }
}

TEST_CASE("floors know how much neighbours have in common, also if positions are drawn") {
  MESSAGE("seed " << position_seed);
  for (const double neighbours : {0.6, 0.95}) {
    CAPTURE(neighbours);
    check_floors(draws_of(8, usual, {.neighbours = neighbours}), -0.02, 0.06);
    const Extents large{.images = 200, .features = 50, .extent = 12};
    check_floors(draws_of(8, large, {.neighbours = neighbours}, Positions::sampled(16)), -0.02,
                 0.06);
  }
}

TEST_CASE("floors know what is the same in all images because of its position") {
  MESSAGE("seed " << position_seed);
  for (const double of_position : {0.1, 0.5}) {
    CAPTURE(of_position);
    const Dependence dependence{.neighbours = 0.5, .of_position = of_position};
    const DrawsByMeasure found = draws_of(8, usual, dependence);
    check_floors(found, -0.03, 0.06);
    if (of_position == 0.5) {
      const Draws& of = found.at("mean_cca");
      CHECK(mean_of(of.values).first > 1.1 * mean_correlation_floor(50, 50, of.independent));
    }
    const Extents large{.images = 200, .features = 50, .extent = 12};
    check_floors(draws_of(8, large, dependence, Positions::sampled(16)), -0.03, 0.06);
  }
}

TEST_CASE("where half of the features are common to an image, floors are a little too high") {
  check_floors(draws_of(8, usual, {.common = 0.9, .of_features = 0.5}), -0.02, 0.2);
}

TEST_CASE("of more images than are read, floors are at most a little too high") {
  const Extents many{.images = 1000, .features = 20, .extent = 4};
  check_floors(draws_of(6, many, {.neighbours = 0.7}), -0.02, 0.1);
}

TEST_CASE("images of one data set in another order are as alike as the floors say") {
  MESSAGE("seed " << position_seed);
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  const Dependence dependence{.neighbours = 0.8};
  const Images x = random_images(usual, dependence, engine);
  Images y = random_images(usual, dependence, engine);
  DrawsByMeasure found;
  std::vector<std::int64_t> order(usual.images);
  std::iota(order.begin(), order.end(), 0);
  constexpr int permutations = 12;
  for (int draw = 0; draw < permutations; ++draw) {
    std::ranges::shuffle(order, engine);
    Images shuffled = y;
    for (std::size_t i = 0; i < order.size(); ++i) {
      std::copy_n(y.values.begin() + order[i] * static_cast<std::int64_t>(y.values_of_image()),
                  y.values_of_image(),
                  shuffled.values.begin() + static_cast<std::int64_t>(i * y.values_of_image()));
    }
    add(solved(x, shuffled, Positions::all(), executor), permutations, found);
  }
  check_floors(found, -0.02, 0.06);
}

TEST_CASE("few unrelated convolutions have a p-value below 0.01, whatever the measure") {
  MESSAGE("seed " << position_seed);
  const Extents small{.images = 100, .features = 12, .extent = 4};
  for (const Dependence& dependence : {Dependence{.common = 0.5}, Dependence{.neighbours = 0.8},
                                       Dependence{.neighbours = 0.5, .of_position = 0.3}}) {
    for (const auto& [name, of] : draws_of(150, small, dependence)) {
      CAPTURE(name);
      const auto share = [&of = of](double limit) {
        const auto below = std::ranges::count_if(of.p_values, [&](double p) { return p < limit; });
        return static_cast<double>(below) / static_cast<double>(of.p_values.size());
      };
      MESSAGE(name << ": " << share(0.05) << " below 0.05, " << share(0.01) << " below 0.01");
      CHECK(share(0.01) < 0.06);
      CHECK(share(0.05) < 0.15);
    }
  }
}

TEST_CASE("a related pair is told from chance by fewer images than without its positions") {
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  const Images x = random_images(usual, {.neighbours = 0.6}, engine);
  Images y = random_images(usual, {.neighbours = 0.6}, engine);
  for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] += 0.35 * x.values[i];
  const auto p_value = [&](bool is_read) {
    const PanelSolution solution = solved(x, y, Positions::all(), executor, is_read);
    return evaluate(solution, 0, info_of(Measure::mean_cca)).p_value.value();
  };
  CHECK(p_value(false) > 0.01);
  CHECK(p_value(true) < 0.0001);
}

TEST_CASE("images that cannot be read again leave the floor of images") {
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  const Images x = random_images(usual, {.neighbours = 0.6}, engine);
  const PanelSolution solution = solved(x, x, Positions::all(), executor, false);
  CHECK(facts_of(solution, 0).independent_samples == usual.images);
  CHECK_FALSE(facts_of(solution, 0).is_dependence_known);
  CHECK(facts_of(solved(x, x, Positions::all(), executor), 0).independent_samples >
        2 * usual.images);
}
