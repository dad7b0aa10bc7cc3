#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "position_images.hpp"

using namespace livecca_tests;

namespace {

/// Sequences of unequal lengths, padded with NaN.
struct Sequences {
  std::vector<double> values;  ///< sequences × steps × features
  std::vector<std::int64_t> lengths;
  std::array<std::int64_t, 3> shape{};

  ActivationView view() const { return {values.data(), DType::float64, shape}; }
};

/// Steps of a sequence have this correlation with each other.
Sequences random_sequences(const std::vector<std::int64_t>& lengths, std::int64_t features,
                           double common, std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  const std::int64_t longest = std::ranges::max(lengths);
  Sequences result{{}, lengths, {static_cast<std::int64_t>(lengths.size()), longest, features}};
  std::vector<double> of_sequence(static_cast<std::size_t>(features));
  for (const std::int64_t length : lengths) {
    for (double& value : of_sequence) value = normal(engine);
    for (std::int64_t step = 0; step < longest; ++step) {
      for (const double value : of_sequence) {
        const double own = normal(engine);
        result.values.push_back(step < length
                                    ? std::sqrt(common) * value + std::sqrt(1 - common) * own
                                    : std::numeric_limits<double>::quiet_NaN());
      }
    }
  }
  return result;
}

ImagesAgain again(const Sequences& sequences) {
  const auto read = [&sequences](std::uint64_t number, ImageRows& into) {
    const auto features = static_cast<std::size_t>(sequences.shape[2]);
    const auto steps = static_cast<std::size_t>(sequences.shape[1]);
    const auto length = static_cast<std::size_t>(sequences.lengths[number]);
    const auto begin =
        sequences.values.begin() + static_cast<std::ptrdiff_t>(number * steps * features);
    into.values.assign(begin, begin + static_cast<std::ptrdiff_t>(length * features));
    into.positions.resize(length);
    std::iota(into.positions.begin(), into.positions.end(), 0U);
    return true;
  };
  return {sequences.lengths.size(), {.width = static_cast<std::size_t>(sequences.shape[1])}, read};
}

PanelSolution solved(const Sequences& x, const Sequences& y, Executor& executor) {
  Panel panel(executor, {.positions = Positions::all(), .norm_sums = true});
  panel.add_tap({"net", "lstm"}, Layout::ntc);
  panel.add_tap({"reference", "lstm"}, Layout::ntc);
  panel.add_pair(0, 1);
  auto step = panel.begin();
  const SequenceMask mask = SequenceMask::of_lengths(x.lengths);
  step.observe(0, x.view(), mask);
  step.observe(1, y.view(), mask);
  step.commit();
  PanelMoments moments = panel.end_window();
  moments.taps[0].images_again = again(x);
  moments.taps[1].images_again = again(y);
  return solve(moments, {}, executor);
}

}  // namespace

TEST_CASE("floors of sequences of unequal lengths know what their steps have in common") {
  MESSAGE("seed " << position_seed);
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  std::vector<std::int64_t> lengths;
  for (std::int64_t n = 0; n < 200; ++n) lengths.push_back(1 + n * 7 % 24);
  for (const double common : {0.0, 0.6}) {
    CAPTURE(common);
    constexpr int draws = 8;
    DrawsByMeasure found;
    for (int draw = 0; draw < draws; ++draw) {
      const Sequences x = random_sequences(lengths, 30, common, engine);
      const Sequences y = random_sequences(lengths, 30, common, engine);
      add(solved(x, y, executor), draws, found);
    }
    check_floors(found, -0.02, 0.06);
  }
}

TEST_CASE("floors of large maps of which all positions count know what neighbours have in common") {
  MESSAGE("seed " << position_seed);
  const Extents large{.images = 60, .features = 12, .extent = 32};
  check_floors(draws_of(4, large, {.neighbours = 0.9}), -0.02, 0.06);
}

TEST_CASE("floors of single neurons know what positions have in common") {
  MESSAGE("seed " << position_seed);
  const Extents single{.images = 100, .features = 1, .extent = 4};
  check_floors(draws_of(100, single, {.common = 0.5}), -0.02, 0.06);
}

TEST_CASE("floors of few neurons know what their positions share, those of shapes too") {
  MESSAGE("seed " << position_seed);
  for (const std::int64_t features : {1, 2, 6}) {
    CAPTURE(features);
    const Extents few{.images = 100, .features = features, .extent = 4};
    const DrawsByMeasure found = draws_of(200, few, {.common = 0.3, .of_position = 0.3});
    for (const std::string name : {"angular", "partial_whitening"}) {
      const Draws& of = found.at(name);
      const auto [mean, error] = mean_of(of.values);
      const double off = of.floor / mean - 1;
      const double by_chance = 3 * error / mean;
      MESSAGE(name << " of " << features << ": " << mean << ", floor off by " << 100 * off
                   << " %, by chance up to " << 100 * by_chance << " %");
      CHECK(off > -0.03 - by_chance);
      CHECK(off < 0.06 + by_chance);
    }
  }
}

TEST_CASE("a measure's floor does not depend on what else is solved for") {
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  const Dependence dependence{.neighbours = 0.5, .of_position = 0.3};
  const Images x = random_images(usual, dependence, engine);
  const Images y = random_images(usual, dependence, engine);
  const PanelSolution all = livecca_tests::solved(x, y, Positions::all(), executor);
  for (const MeasureInfo& info : measures()) {
    CAPTURE(info.name);
    const MeasureInfo* const wanted = &info;
    const SolveOptions options{.quantities = needs_of({&wanted, 1})};
    const PanelSolution alone =
        livecca_tests::solved(x, y, Positions::all(), executor, true, options);
    const MeasureResult of_all = evaluate(all, 0, info);
    const MeasureResult of_one = evaluate(alone, 0, info);
    REQUIRE(of_one.floor.has_value() == of_all.floor.has_value());
    if (!of_all.floor) continue;
    CHECK(*of_one.floor == doctest::Approx(*of_all.floor).epsilon(1e-12));
    CHECK(of_one.independent_samples == doctest::Approx(of_all.independent_samples).epsilon(1e-12));
  }
}

TEST_CASE("neither floors nor p-values of positions depend on the scale of the numbers") {
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  const Dependence dependence{.common = 0.3, .of_position = 0.3};
  Images x = random_images(usual, dependence, engine);
  Images y = random_images(usual, dependence, engine);
  const PanelSolution before = livecca_tests::solved(x, y, Positions::all(), executor);
  for (const double scale : {1e-70, 1e70}) {
    CAPTURE(scale);
    Images scaled_x = x;
    Images scaled_y = y;
    for (double& value : scaled_x.values) value *= scale;
    for (double& value : scaled_y.values) value *= scale;
    const PanelSolution after =
        livecca_tests::solved(scaled_x, scaled_y, Positions::all(), executor);
    for (const MeasureInfo& info : measures()) {
      CAPTURE(info.name);
      // How far it whitens depends on the unit.
      if (info.measure == Measure::partial_whitening) continue;
      const double unit = info.measure == Measure::procrustes ? scale : 1;
      const MeasureResult expected = evaluate(before, 0, info);
      const MeasureResult got = evaluate(after, 0, info);
      REQUIRE(got.p_value.has_value() == expected.p_value.has_value());
      if (got.p_value) CHECK(*got.p_value == doctest::Approx(*expected.p_value).epsilon(1e-6));
      if (!expected.floor) continue;
      CHECK(got.floor.value() / unit == doctest::Approx(*expected.floor).epsilon(1e-9));
    }
  }
}

TEST_CASE("images that are read again as something else leave the floor of images") {
  std::mt19937_64 engine(position_seed);
  Executor executor(2);
  const Images x = random_images(usual, {.neighbours = 0.6}, engine);
  PanelMoments moments = moments_of(x, x, Positions::all(), executor);
  const ImagesAgain whole = again(x, Positions::all());
  moments.taps[0].images_again = whole;
  const auto images_told = [&](const auto& change) {
    moments.taps[1].images_again = whole;
    moments.taps[1].images_again.read = [&](std::uint64_t image, ImageRows& into) {
      if (!whole.read(image, into)) return false;
      change(into);
      return true;
    };
    return facts_of(solve(moments, {}, executor), 0).independent_samples;
  };
  CHECK(images_told([](ImageRows&) {}) > 2 * usual.images);
  CHECK(images_told([](ImageRows& rows) { rows.positions[3] = 16; }) == usual.images);
  CHECK(images_told([](ImageRows& rows) { rows.values.pop_back(); }) == usual.images);
  CHECK(images_told([](ImageRows& rows) { rows.positions.clear(); }) == usual.images);
}
