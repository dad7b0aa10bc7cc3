#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "support/packed_values.hpp"

using namespace livecca;
using livecca_tests::centered_values_of;
using livecca_tests::values_of;

namespace {

// images × channels × height × width, every value different.
constexpr std::array<std::int64_t, 4> extents{3, 4, 2, 5};

double value_at(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  return static_cast<double>(((n * 4 + c) * 2 + h) * 5 + w) - 50;
}

/// Lays the values out under the given strides and views them as NCHW or NHWC.
template <typename Element>
struct Stored {
  std::vector<Element> storage = std::vector<Element>(4096, Element(99));
  std::array<std::int64_t, 4> strides;  // of n, c, h, w
  std::int64_t origin;

  Stored(std::array<std::int64_t, 4> given, std::int64_t start) : strides(given), origin(start) {
    for (std::int64_t n = 0; n < extents[0]; ++n)
      for (std::int64_t c = 0; c < extents[1]; ++c)
        for (std::int64_t h = 0; h < extents[2]; ++h)
          for (std::int64_t w = 0; w < extents[3]; ++w)
            storage[static_cast<std::size_t>(origin + n * strides[0] + c * strides[1] +
                                             h * strides[2] + w * strides[3])] =
                Element(static_cast<float>(value_at(n, c, h, w)));
  }

  ActivationView view(DType dtype, Layout layout) const {
    const auto s = strides;
    if (layout == Layout::nchw) return {storage.data() + origin, dtype, extents, s};
    const std::array<std::int64_t, 4> shape{extents[0], extents[2], extents[3], extents[1]};
    const std::array<std::int64_t, 4> order{s[0], s[2], s[3], s[1]};
    return {storage.data() + origin, dtype, shape, order};
  }
};

template <typename Element>
void check_all_layouts(DType dtype) {
  const std::vector<Stored<Element>> stored{
      {{40, 10, 5, 1}, 0},      // NCHW in C order
      {{40, 1, 20, 4}, 0},      // channels last
      {{400, 30, 13, 2}, 7},    // gaps everywhere
      {{-40, 10, 5, -1}, 100},  // backwards
      {{64, 16, 7, 2}, 0},      // of four positions the last is 3 after the first: no neighbours
      {{40, 10, 1, 2}, 0},      // columns before rows
  };
  for (const auto& data : stored) {
    for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
      PackedRows rows;
      REQUIRE(rows.pack(data.view(dtype, layout), layout, Positions::all(), 0));
      REQUIRE(rows.rows() == 30);
      REQUIRE(rows.features() == 4);
      CHECK(rows.images() == 3);
      const std::vector<double> values = values_of(rows);
      bool equal = true;
      for (std::int64_t n = 0; n < 3; ++n)
        for (std::int64_t h = 0; h < 2; ++h)
          for (std::int64_t w = 0; w < 5; ++w)
            for (std::int64_t c = 0; c < 4; ++c)
              equal &= values[static_cast<std::size_t>(((n * 2 + h) * 5 + w) * 4 + c)] ==
                       value_at(n, c, h, w);
      CHECK(equal);
    }
  }
}

PackedRows rows_of_values(const std::vector<double>& values, std::int64_t rows,
                          std::int64_t features) {
  PackedRows result;
  const std::array<std::int64_t, 2> shape{rows, features};
  REQUIRE(result.pack(ActivationView(values.data(), DType::float64, shape), Layout::nc,
                      Positions::all(), 0));
  return result;
}

}  // namespace

TEST_CASE("every element type, layout and stride gives the same rows") {
  check_all_layouts<Eigen::half>(DType::float16);
  check_all_layouts<Eigen::bfloat16>(DType::bfloat16);
  check_all_layouts<float>(DType::float32);
  check_all_layouts<double>(DType::float64);
}

TEST_CASE("half precision values convert exactly, with subnormals and extremes") {
  const std::array<std::uint16_t, 6> half{0x0001, 0x03FF, 0x0400, 0x7BFF, 0x8001, 0x3C01};
  const std::array<double, 6> expected{std::ldexp(1, -24),  1023 * std::ldexp(1, -24),
                                       std::ldexp(1, -14),  65504,
                                       -std::ldexp(1, -24), 1 + std::ldexp(1, -10)};
  const std::array<std::int64_t, 2> shape{1, 6};
  PackedRows rows;
  REQUIRE(rows.pack(ActivationView(half.data(), DType::float16, shape), Layout::nc,
                    Positions::all(), 0));
  for (std::size_t i = 0; i < 6; ++i) CHECK(values_of(rows)[i] == expected[i]);
  const std::array<std::uint16_t, 2> brain{0x0001, 0x7F7F};
  const std::array<std::int64_t, 2> two{1, 2};
  REQUIRE(rows.pack(ActivationView(brain.data(), DType::bfloat16, two), Layout::nc,
                    Positions::all(), 0));
  CHECK(values_of(rows)[0] == std::ldexp(1, -133));
  CHECK(values_of(rows)[1] == 255 * std::ldexp(1, 120));
}

TEST_CASE("a broadcast axis of stride 0 repeats its values") {
  const std::array<double, 2> values{1, 2};
  const std::array<std::int64_t, 2> shape{3, 2};
  const std::array<std::int64_t, 2> strides{0, 1};
  PackedRows rows;
  REQUIRE(rows.pack(ActivationView(values.data(), DType::float64, shape, strides), Layout::nc,
                    Positions::all(), 0));
  CHECK(values_of(rows)[4] == 1);
  CHECK(values_of(rows)[5] == 2);
}

TEST_CASE("sampled positions do not depend on how images are batched") {
  std::vector<float> values(20 * 3 * 6 * 6);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto pack = [&](std::int64_t first, std::int64_t images) {
    const std::array<std::int64_t, 4> shape{images, 3, 6, 6};
    PackedRows rows;
    REQUIRE(rows.pack(ActivationView(values.data() + first * 108, DType::float32, shape),
                      Layout::nchw, Positions::sampled(5, 1), static_cast<std::uint64_t>(first)));
    return values_of(rows);
  };
  const auto whole = pack(0, 20);
  auto parts = pack(0, 7);
  for (const double value : pack(7, 13)) parts.push_back(value);
  CHECK(whole == parts);
}

TEST_CASE("rows that are not finite, or whose squares would overflow, are marked") {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto rows =
      rows_of_values({1, 2, std::nan(""), 1, infinity, 1, 1, -infinity, 1e151, 0, 1e150, -3}, 6, 2);
  CHECK(std::vector<int>(rows.finite().begin(), rows.finite().end()) ==
        std::vector<int>{1, 0, 0, 0, 0, 1});
}

TEST_CASE("centring leaves out masked rows and subtracts the mean of the rest") {
  auto rows = rows_of_values({1, 10, 100, -100, 3, 30, 5, 20}, 4, 2);
  const std::array<std::uint8_t, 4> keep{1, 0, 1, 1};
  rows.center(keep);
  REQUIRE(rows.rows() == 3);
  CHECK(rows.weights().effective_images() == 3);
  CHECK(rows.mean().value(0) == doctest::Approx(3).epsilon(1e-15));
  CHECK(rows.mean().value(1) == doctest::Approx(20).epsilon(1e-15));
  const std::array<double, 6> expected{-2, -10, 0, 10, 2, 0};
  const std::vector<double> values = centered_values_of(rows);
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::abs(values[i] - expected[i]) < 1e-14);
}

TEST_CASE("a constant feature becomes exactly 0, whatever its value") {
  std::vector<double> values;
  for (int row = 0; row < 1000; ++row) {
    values.push_back(0.1);
    values.push_back(-7.3e9);
    values.push_back(1.0 / 3 + row);
  }
  auto rows = rows_of_values(values, 1000, 3);
  rows.center(std::vector<std::uint8_t>(1000, 1));
  const std::vector<double> centered = centered_values_of(rows);
  for (std::size_t row = 0; row < 1000; ++row) {
    CHECK(centered[row * 3] == 0);
    CHECK(centered[row * 3 + 1] == 0);
  }
}

TEST_CASE("effective images count the images that kept a position") {
  const std::vector<double> values(3 * 4);
  PackedRows rows;
  const std::array<std::int64_t, 4> shape{3, 1, 2, 2};
  REQUIRE(rows.pack(ActivationView(values.data(), DType::float64, shape), Layout::nchw,
                    Positions::all(), 0));
  const std::array<std::uint8_t, 12> keep{1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  rows.center(keep);
  CHECK(rows.rows() == 3);
  CHECK(rows.weights().effective_images() == 2);
}

TEST_CASE("recorded rows keep the number of images behind them") {
  const std::vector<float> values(12 * 2, 1.0F);
  const std::array<std::int64_t, 2> shape{12, 2};
  PackedRows rows;
  REQUIRE(rows.pack_recorded(ActivationView(values.data(), DType::float32, shape), 4, Grid{8, 8}));
  CHECK(rows.images() == 3);
  CHECK(rows.rows() == 12);
  CHECK(rows.grid() == Grid{8, 8});
  CHECK(rows.pack_recorded(ActivationView(values.data(), DType::float32, shape), 5, Grid{8, 8})
            .why() == "expected a multiple of 5 recorded rows, got 12");
}

TEST_CASE("rows that are checked later are the same rows, and the same ones are not finite") {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> values(6 * 8);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  std::fill_n(values.begin(), 8, none);  // one feature of all positions of an image
  values[40] = std::numeric_limits<float>::infinity();
  const std::array<std::int64_t, 2> rows{6, 8};
  const std::array<std::int64_t, 2> columns{8, 6};
  const std::array<std::int64_t, 2> by_column{1, 8};
  const std::array<std::int64_t, 2> apart{16, 1};
  const std::array<std::int64_t, 2> fewer{3, 8};
  const std::array<std::int64_t, 4> images{2, 3, 2, 4};
  const struct {
    ActivationView view;
    Reading reading;
    Positions positions;
  } kinds[] = {
      {{values.data(), DType::float32, rows}, Layout::nc, Positions::all()},
      {{values.data(), DType::float32, columns, by_column}, Layout::nc, Positions::all()},
      {{values.data(), DType::float32, fewer, apart}, Layout::nc, Positions::all()},
      {{values.data(), DType::float32, images}, Layout::nchw, Positions::all()},
      {{values.data(), DType::float32, images}, Layout::nchw, Positions::sampled(3)},
      {{values.data(), DType::float32, images}, {Layout::nchw, Samples::flattened}, {}},
      {{values.data(), DType::float32, images}, {Layout::nchw, Samples::pooled}, {}},
  };
  for (const auto& kind : kinds) {
    PackedRows now;
    PackedRows later;
    later.check_later(true);
    REQUIRE(now.pack(kind.view, kind.reading, kind.positions, 0));
    REQUIRE(later.pack(kind.view, kind.reading, kind.positions, 0));
    later.check_rows();
    CHECK(std::vector(later.finite().begin(), later.finite().end()) ==
          std::vector(now.finite().begin(), now.finite().end()));
    const std::vector<double> expected = values_of(now);
    const std::vector<double> got = values_of(later);
    CHECK(std::memcmp(got.data(), expected.data(), got.size() * sizeof(double)) == 0);
    CHECK(std::ranges::count(now.finite(), 0) > 0);
  }
}
