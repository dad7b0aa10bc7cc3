#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "livecca/measures/noise_floor.hpp"
#include "position_images.hpp"

using namespace livecca_tests;

namespace {

/// The pair as it is if y's images come in another order.
DrawsByMeasure permuted(const Images& x, const Images& y, int permutations,
                        std::mt19937_64& engine) {
  Executor executor(2);
  DrawsByMeasure found;
  std::vector<std::int64_t> order(static_cast<std::size_t>(y.shape[0]));
  std::iota(order.begin(), order.end(), 0);
  const auto count = static_cast<std::ptrdiff_t>(y.values_of_image());
  for (int draw = 0; draw < permutations; ++draw) {
    std::ranges::shuffle(order, engine);
    Images shuffled = y;
    for (std::size_t i = 0; i < order.size(); ++i) {
      std::copy_n(y.values.begin() + order[i] * count, count,
                  shuffled.values.begin() + static_cast<std::ptrdiff_t>(i) * count);
    }
    add(solved(x, shuffled, Positions::all(), executor), permutations, found);
  }
  return found;
}

double share_below(double limit, const std::vector<double>& p_values) {
  const auto below = std::ranges::count_if(p_values, [&](double p) { return p < limit; });
  return static_cast<double>(below) / static_cast<double>(p_values.size());
}

void check_few_small(const std::vector<double>& p_values, const std::string& name) {
  MESSAGE(name << ": " << share_below(0.05, p_values) << " below 0.05, "
               << share_below(0.01, p_values) << " below 0.01");
  // Three to four standard errors of 150 draws above the level itself.
  CHECK(share_below(0.01, p_values) < 0.04);
  CHECK(share_below(0.05, p_values) < 0.11);
}

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
  check_floors(draws_of(8, usual, {.common = 0.9, .of_features = 0.5}), -0.02, 0.2, 0.25);
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
  const Images y = random_images(usual, dependence, engine);
  const DrawsByMeasure found = permuted(x, y, 12, engine);
  check_floors(found, -0.02, 0.06);
}

TEST_CASE("few unrelated convolutions have a p-value below 0.01, whatever the measure") {
  MESSAGE("seed " << position_seed);
  const Extents small{.images = 100, .features = 12, .extent = 4};
  for (const Dependence& dependence : {Dependence{.common = 0.5}, Dependence{.neighbours = 0.8},
                                       Dependence{.neighbours = 0.5, .of_position = 0.3}}) {
    for (const auto& [name, of] : draws_of(150, small, dependence)) {
      CAPTURE(name);
      check_few_small(of.p_values, name);
    }
  }
}

TEST_CASE("related pairs in another order have p-values of chance, neither small ones nor all 1") {
  MESSAGE("seed " << position_seed);
  std::mt19937_64 engine(position_seed);
  const Extents small{.images = 100, .features = 12, .extent = 4};
  const Dependence dependence{.common = 0.3, .of_position = 0.3};
  std::map<std::string, std::vector<double>> p_values;
  for (int pair = 0; pair < 6; ++pair) {
    const Images x = random_images(small, dependence, engine);
    Images y = random_images(small, dependence, engine);
    for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] += 0.5 * x.values[i];
    for (const auto& [name, of] : permuted(x, y, 50, engine)) {
      p_values[name].insert(p_values[name].end(), of.p_values.begin(), of.p_values.end());
    }
  }
  for (const auto& [name, of] : p_values) {
    CAPTURE(name);
    check_few_small(of, name);
    MESSAGE(name << ": " << share_below(0.5, of) << " below a half");
    // A floor that is a little too high makes p-values a little too large, but no more.
    CHECK(share_below(0.5, of) > 0.25);
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
