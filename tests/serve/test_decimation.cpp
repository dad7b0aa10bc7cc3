#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "serve/answers/decimation.hpp"

using livecca::tool::count_within;
using livecca::tool::decimated;
using livecca::tool::PixelColumns;

namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

struct Series {
  std::vector<double> x;
  std::vector<double> y;
};

Series random_series(std::mt19937_64& engine, std::size_t count, double gap_share) {
  std::uniform_real_distribution<double> uniform(0, 1);
  Series series;
  double x = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (uniform(engine) < 0.7) x += std::floor(4 * uniform(engine));  // several at the same x
    series.x.push_back(x);
    series.y.push_back(uniform(engine) < gap_share ? gap : uniform(engine));
  }
  return series;
}

/// The rule, said in another way: by collecting each column first.
std::set<std::size_t> brute_force(const Series& series, const PixelColumns& columns) {
  std::map<long, std::vector<std::size_t>> of_column;
  std::set<std::size_t> kept;
  const auto scaled = [&](double x) { return columns.is_logarithmic ? std::log(x) : x; };
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const double x = series.x[i];
    if (x < columns.from) {
      if (i + 1 == series.x.size() || series.x[i + 1] >= columns.from) kept.insert(i);
      continue;
    }
    if (x > columns.to) {
      if (i == 0 || series.x[i - 1] <= columns.to) kept.insert(i);
      continue;
    }
    const double width = scaled(columns.to) - scaled(columns.from);
    const double share = width > 0 ? (scaled(x) - scaled(columns.from)) / width : 0;
    const auto column = static_cast<long>(share * static_cast<double>(columns.width));
    of_column[std::min(column, static_cast<long>(columns.width) - 1)].push_back(i);
  }
  for (const auto& [column, points] : of_column) {
    if (points.size() <= 4) {
      kept.insert(points.begin(), points.end());
      continue;
    }
    kept.insert({points.front(), points.back()});
    std::vector<std::size_t> valued;
    std::ranges::copy_if(points, std::back_inserter(valued),
                         [&](std::size_t i) { return !std::isnan(series.y[i]); });
    const auto by_value = [&](std::size_t i) { return series.y[i]; };
    if (!valued.empty()) {
      kept.insert(*std::ranges::min_element(valued, {}, by_value));
      kept.insert(*std::ranges::max_element(valued, {}, by_value));
    }
    const auto first_gap =
        std::ranges::find_if(points, [&](std::size_t i) { return std::isnan(series.y[i]); });
    if (first_gap != points.end()) kept.insert(*first_gap);
  }
  return kept;
}

}  // namespace

TEST_CASE("decimation keeps of each column the first, last, lowest, highest point and gap") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 engine(seed);
    const Series series = random_series(engine, 1 + engine() % 400, seed % 3 == 0 ? 0.3 : 0);
    PixelColumns columns{.width = 1 + engine() % 40, .is_logarithmic = seed % 2 == 0};
    const auto end = static_cast<std::uint64_t>(series.x.back()) + 5;
    columns.from = static_cast<double>(engine() % end) + (columns.is_logarithmic ? 1 : 0);
    columns.to = columns.from + static_cast<double>(engine() % end);
    const auto kept = decimated(series.x, series.y, columns);
    CHECK(std::ranges::is_sorted(kept));
    const std::set<std::size_t> expected = brute_force(series, columns);
    CHECK(std::vector<std::size_t>(expected.begin(), expected.end()) == kept);
    CHECK(count_within(series.x, columns) ==
          static_cast<std::size_t>(std::ranges::count_if(
              series.x, [&](double x) { return x >= columns.from && x <= columns.to; })));
  }
}

TEST_CASE("a spike of one snapshot is seen at any zoom that has it, linear and logarithmic") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 engine(seed);
    Series series = random_series(engine, 100'000, 0.01);
    const std::size_t spike = engine() % series.x.size();
    series.y[spike] = seed % 2 == 0 ? 5 : -5;
    for (const std::size_t width : {1, 7, 100, 1000, 3000}) {
      for (const bool is_logarithmic : {false, true}) {
        const double margin = std::pow(10, static_cast<double>(engine() % 6));
        PixelColumns columns{.from = series.x[spike] - margin,
                             .to = series.x[spike] + margin,
                             .width = width,
                             .is_logarithmic = is_logarithmic};
        if (is_logarithmic) columns.from = std::max(columns.from, 1.0);
        const auto kept = decimated(series.x, series.y, columns);
        if (series.x[spike] >= columns.from) {
          CHECK(std::ranges::binary_search(kept, spike));
        }
        CHECK(kept.size() <= 5 * width + 2);
      }
    }
  }
}

TEST_CASE("decimation of nothing, of one point, and of a range of one x") {
  CHECK(decimated({}, {}, {}).empty());
  const std::vector<double> x{3};
  const std::vector<double> y{gap};
  CHECK(decimated(x, y, {.from = 3, .to = 3, .width = 10}) == std::vector<std::size_t>{0});
  CHECK(decimated(x, y, {.from = 5, .to = 9, .width = 10}) == std::vector<std::size_t>{0});
  CHECK(decimated(x, y, {.from = 0, .to = 1, .width = 10}) == std::vector<std::size_t>{0});
  const std::vector<double> same(10, 2.0);
  const std::vector<double> values{5, 1, 2, 3, 9, 4, 4, 4, 4, 6};
  CHECK(decimated(same, values, {.from = 2, .to = 2, .width = 10}) ==
        std::vector<std::size_t>{0, 1, 4, 9});
}
