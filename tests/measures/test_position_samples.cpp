#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "position_images.hpp"

using namespace livecca_tests;

namespace {

constexpr int draws_of_pairs = 100;
constexpr double no_number = std::numeric_limits<double>::infinity();

/// Two convolutions with a weak relation, y = … + x / 10, that depend on the position as well.
PanelSolution related_pair(std::int64_t images, double of_position, std::uint64_t seed,
                           Executor& executor) {
  std::mt19937_64 engine(seed);
  const Extents extents{.images = images, .features = 12, .extent = 4};
  const Dependence dependence{.neighbours = 0.5, .of_position = of_position};
  const Images x = random_images(extents, dependence, engine);
  Images y = random_images(extents, dependence, engine);
  for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] += 0.1 * x.values[i];
  return solved(x, y, Positions::all(), executor);
}

struct Pairs {
  int told = 0;                ///< from chance
  std::vector<double> needed;  ///< of the others
};

Pairs related_pairs(Measure measure, double images, double of_position, std::uint64_t seed) {
  Executor executor(2);
  Pairs found;
  for (std::uint64_t draw = 0; draw < draws_of_pairs; ++draw) {
    const PanelSolution solution =
        related_pair(static_cast<std::int64_t>(images), of_position, seed + draw, executor);
    const MeasureResult result = evaluate(solution, 0, info_of(measure));
    if (*result.p_value < told_from_chance) {
      ++found.told;
    } else {
      found.needed.push_back(samples_needed(solution, 0, result).value_or(no_number));
    }
  }
  return found;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

TEST_CASE("so many images as are needed tell convolutions, whatever their positions share") {
  MESSAGE("seed " << position_seed);
  for (const auto& [measure, of_position] : {std::pair{Measure::mean_cca, 0.0},
                                             {Measure::mean_cca, 0.3},
                                             {Measure::pwcca, 0.3},
                                             {Measure::svcca, 0.3},
                                             {Measure::mean_cca, 0.6}}) {
    CAPTURE(info_of(measure).name);
    CAPTURE(of_position);
    const Pairs few = related_pairs(measure, 50, of_position, position_seed);
    REQUIRE(few.needed.size() > draws_of_pairs / 2);
    const double needed = median(few.needed);
    REQUIRE(needed < 1000);
    const auto told = [&](double images) {
      return related_pairs(measure, images, of_position, 2 * position_seed).told;
    };
    const int with_enough = told(needed);
    const int with_a_third = told(needed / 3);
    MESSAGE("needed " << needed << ": " << with_enough << " told, with a third " << with_a_third);
    // Four of five, less 2.5 standard errors.
    CHECK(with_enough >= draws_of_pairs * 70 / 100);
    CHECK(with_a_third < draws_of_pairs * 80 / 100);
  }
}

TEST_CASE("where the floor of positions is too doubtful for an effect, no number is named") {
  MESSAGE("seed " << position_seed);
  for (const Measure measure : {Measure::pwcca, Measure::r2_cca, Measure::linear_cka}) {
    CAPTURE(info_of(measure).name);
    const Pairs few = related_pairs(measure, 50, 0.6, position_seed);
    const auto numbers =
        std::ranges::count_if(few.needed, [](double needed) { return needed < no_number; });
    CHECK(numbers < draws_of_pairs * 40 / 100);
    // And rightly so.
    const int told = related_pairs(measure, 400, 0.6, 2 * position_seed).told;
    MESSAGE(numbers << " numbers of " << few.needed.size() << "; " << told << " told with 400");
    CHECK(told < draws_of_pairs / 2);
  }
}
