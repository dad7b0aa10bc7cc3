#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

#include "livecca/activations/layout.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/common/error.hpp"

using namespace livecca;

namespace {

ActivationView view_with_shape(std::vector<std::int64_t> shape) {
  static const std::vector<float> storage(100000);
  return ActivationView(storage.data(), DType::float32, shape);
}

}  // namespace

TEST_CASE("a layout's name is its axes: images and features once each, and known letters") {
  for (int i = 0; name_of(static_cast<Layout>(i)) != nullptr; ++i) {
    const std::string_view letters = name_of(static_cast<Layout>(i));
    CAPTURE(letters);
    CHECK(letters.find_first_not_of("ncdhwlt") == std::string_view::npos);
    CHECK(std::ranges::count(letters, 'n') == 1);
    CHECK(std::ranges::count(letters, 'c') == 1);
    CHECK(std::ranges::count_if(letters, [](char c) { return c == 'w' || c == 'l' || c == 't'; }) ==
          (letters.size() > 2 ? 1 : 0));
  }
}

TEST_CASE("a layout names the axes of a view") {
  CHECK(read_shape(view_with_shape({8, 5}), static_cast<Layout>(99)).why() ==
        "expected a layout, got the number 99");
  CHECK(Reading(static_cast<Layout>(99)).check().why() == "expected a layout, got the number 99");
  ActivationShape shape = *read_shape(view_with_shape({8, 5}), Layout::nc);
  CHECK(shape.images == 8);
  CHECK(shape.features == 5);
  CHECK(shape.grid == Grid{1, 1});
  shape = *read_shape(view_with_shape({8, 5, 3, 4}), Layout::nchw);
  CHECK(shape.features == 5);
  CHECK(shape.grid == Grid{3, 4});
  shape = *read_shape(view_with_shape({8, 3, 4, 5}), Layout::nhwc);
  CHECK(shape.features == 5);
  CHECK(shape.grid == Grid{3, 4});
}

TEST_CASE("a view that does not fit its layout says what was expected and what came") {
  CHECK(read_shape(view_with_shape({8, 5, 3, 4}), Layout::nc).why() ==
        "expected 2 axes for layout nc, got shape (8, 5, 3, 4)");
  CHECK(read_shape(view_with_shape({8, 0}), Layout::nc).why().find("at least one feature") !=
        std::string::npos);
}

TEST_CASE("a view refuses impossible shapes") {
  const float value = 0;
  const std::array<std::int64_t, 2> shape{1, 1};
  const std::array<std::int64_t, 1> one_stride{1};
  const std::array<std::int64_t, 2> negative{-1, 1};
  const std::array<std::int64_t, 9> nine{1, 1, 1, 1, 1, 1, 1, 1, 1};
  CHECK_THROWS_AS(ActivationView(&value, DType::float32, shape, one_stride), Error);
  CHECK_THROWS_AS(ActivationView(&value, DType::float32, negative), Error);
  CHECK_THROWS_AS(ActivationView(&value, DType::float32, nine), Error);
  CHECK_THROWS_AS(ActivationView(nullptr, DType::float32, shape), Error);
}

TEST_CASE("a view whose elements would lie 2^63 bytes apart is refused, and nothing overflows") {
  using Axes = std::vector<std::int64_t>;
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const double value = 0;
  const auto refused = [&](const Axes& shape) {
    CHECK_THROWS_WITH_AS(
        ActivationView(&value, DType::float64, shape),
        "activation view: expected elements within 2^63 bytes, got some farther apart", Error);
  };
  refused({most, 2});
  refused({std::int64_t{1} << 40, std::int64_t{1} << 40, 5});
  refused({2, most, most});
  refused({std::int64_t{1} << 61});
  CHECK_THROWS_AS(ActivationView(&value, DType::float64, Axes{2, 2}, Axes{most, 1}), Error);
  CHECK_THROWS_AS(ActivationView(&value, DType::float64, Axes{2, 2}, Axes{1, least}), Error);
  // Without elements there is nothing to reach, and the stride of one entry is never used.
  CHECK(ActivationView(nullptr, DType::float64, Axes{most, 0, most}).rank() == 3);
  const ActivationView one(&value, DType::float64, Axes{1, 1}, Axes{most, least});
  const auto shape = read_shape(one, Layout::nc);
  REQUIRE(shape);
  CHECK(shape->images == 1);
  PackedRows rows;
  CHECK(rows.pack(one, Layout::nc, Positions::all(), 0));
}

TEST_CASE("sampled positions are distinct, in order, in range and repeatable") {
  const Grid grid{8, 9};
  std::vector<std::size_t> positions;
  std::vector<std::size_t> again;
  std::set<std::vector<std::size_t>> different;
  for (std::uint64_t image = 0; image < 200; ++image) {
    choose_positions(Positions::sampled(16, 3), grid, image, positions);
    choose_positions(Positions::sampled(16, 3), grid, image, again);
    CHECK(positions == again);
    REQUIRE(positions.size() == 16);
    for (std::size_t i = 0; i < positions.size(); ++i) {
      CHECK(positions[i] < grid.size());
      if (i > 0) CHECK(positions[i - 1] < positions[i]);
    }
    different.insert(positions);
  }
  CHECK(different.size() == 200);
  choose_positions(Positions::sampled(16, 4), grid, 0, again);
  choose_positions(Positions::sampled(16, 3), grid, 0, positions);
  CHECK(positions != again);
}

TEST_CASE("every position is sampled equally often") {
  const Grid grid{5, 5};
  constexpr int images = 20000;
  std::vector<int> counts(grid.size());
  std::vector<std::size_t> positions;
  for (int image = 0; image < images; ++image) {
    choose_positions(Positions::sampled(4, 11), grid, static_cast<std::uint64_t>(image), positions);
    for (const std::size_t position : positions) ++counts[position];
  }
  // Hypergeometric: mean 3200, standard deviation 52; 5 of them over 25 cells is one in 70,000.
  for (const int count : counts) CHECK(std::abs(count - 3200) < 260);
}

TEST_CASE("more positions than the grid has means all of them") {
  std::vector<std::size_t> positions;
  choose_positions(Positions::sampled(16), Grid{2, 3}, 7, positions);
  CHECK(positions == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  CHECK(rows_per_image(Positions::all(), Grid{2, 3}) == 6);
  CHECK(rows_per_image(Positions::sampled(4), Grid{2, 3}) == 4);
}

TEST_CASE("a choice of many features is one of distinct ones, ascending") {
  std::vector<std::size_t> chosen;
  for (const std::size_t count : {1023U, 1024U, 1025U, 4999U}) {
    CAPTURE(count);
    choose_features(5000, count, 7, chosen);
    CHECK(chosen.size() == count);
    CHECK(std::ranges::adjacent_find(chosen, std::ranges::greater_equal()) == chosen.end());
    CHECK(chosen.back() < 5000);
  }
  // Of a population beyond any table.
  choose_features(std::size_t{1} << 50U, 100'000, 7, chosen);
  CHECK(std::ranges::adjacent_find(chosen, std::ranges::greater_equal()) == chosen.end());
}
