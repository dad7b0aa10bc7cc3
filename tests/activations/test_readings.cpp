#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <numeric>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "support/packed_values.hpp"
#include "support/stored_tensor.hpp"

using namespace livecca;
using livecca_tests::Extents;
using livecca_tests::StoredTensor;
using livecca_tests::values_of;

namespace {

constexpr std::uint64_t readings_seed = 2024;

/// The extents that a layout has of a small tensor, all different.
Extents extents_of(Layout layout) {
  switch (layout) {
    case Layout::nc:
      return {.n = 4, .c = 5};
    case Layout::ncl:
    case Layout::ntc:
    case Layout::tnc:
      return {.n = 4, .c = 5, .w = 7};
    case Layout::ncdhw:
      return {.n = 3, .c = 5, .d = 2, .h = 4, .w = 6};
    default:
      return {.n = 4, .c = 5, .h = 3, .w = 6};
  }
}

constexpr Layout all_layouts[] = {Layout::nc,    Layout::nchw, Layout::nhwc, Layout::ncl,
                                  Layout::ncdhw, Layout::ntc,  Layout::tnc};

PackedRows packed(const ActivationView& view, const Reading& reading,
                  const Positions& positions = Positions::all(), std::uint64_t first = 0) {
  PackedRows rows;
  const auto packed = rows.pack(view, reading, positions, first);
  REQUIRE_MESSAGE(packed, packed.why());
  return rows;
}

std::vector<double> positions_of(const StoredTensor& tensor) {
  std::vector<double> expected;
  for (std::int64_t n = 0; n < tensor.extents().n; ++n)
    for (std::int64_t p = 0; p < tensor.positions(); ++p)
      for (std::int64_t c = 0; c < tensor.extents().c; ++c) expected.push_back(tensor.at(n, c, p));
  return expected;
}

std::vector<double> means_of(const StoredTensor& tensor) {
  std::vector<double> expected;
  for (std::int64_t n = 0; n < tensor.extents().n; ++n)
    for (std::int64_t c = 0; c < tensor.extents().c; ++c) {
      double sum = 0;
      for (std::int64_t p = 0; p < tensor.positions(); ++p) sum += tensor.at(n, c, p);
      expected.push_back(sum / static_cast<double>(tensor.positions()));
    }
  return expected;
}

std::vector<double> flat(const StoredTensor& tensor) {
  std::vector<double> expected;
  for (std::int64_t n = 0; n < tensor.extents().n; ++n)
    for (std::int64_t c = 0; c < tensor.extents().c; ++c)
      for (std::int64_t p = 0; p < tensor.positions(); ++p) expected.push_back(tensor.at(n, c, p));
  return expected;
}

std::vector<double> step_of(const StoredTensor& tensor, std::int64_t step) {
  std::vector<double> expected;
  for (std::int64_t n = 0; n < tensor.extents().n; ++n)
    for (std::int64_t c = 0; c < tensor.extents().c; ++c) expected.push_back(tensor.at(n, c, step));
  return expected;
}

template <typename Element>
void check_readings(Layout layout, DType dtype, std::int64_t gap, bool backwards) {
  CAPTURE(name_of(layout));
  CAPTURE(name_of(dtype));
  CAPTURE(gap);
  StoredTensor tensor(extents_of(layout), readings_seed);
  const ActivationView view = tensor.view<Element>(layout, dtype, gap, backwards);
  const PackedRows positions = packed(view, layout);
  CHECK(values_of(positions) == positions_of(tensor));
  CHECK(positions.dtype() == dtype);
  CHECK(positions.rows_per_image() == static_cast<std::size_t>(tensor.positions()));
  if (layout == Layout::nc) return;
  const PackedRows pooled = packed(view, Reading::pooled(layout));
  CHECK(values_of(pooled) == means_of(tensor));
  CHECK(pooled.dtype() == DType::float64);
  const PackedRows flattened = packed(view, Reading::flattened(layout));
  CHECK(values_of(flattened) == flat(tensor));
  CHECK(flattened.features() == static_cast<std::size_t>(5 * tensor.positions()));
  for (const PackedRows* rows : {&pooled, &flattened}) {
    CHECK(rows->grid() == Grid{1, 1});
    CHECK(rows->rows_per_image() == 1);
  }
  if (!is_sequence(layout)) return;
  CHECK(values_of(packed(view, Reading::last_step(layout))) == step_of(tensor, 6));
  CHECK(values_of(packed(view, Reading::at_step(layout, 2))) == step_of(tensor, 2));
}

}  // namespace

TEST_CASE("every layout, reading, element type and stride gives the rows that a loop gives") {
  MESSAGE("seed " << readings_seed);
  for (const Layout layout : all_layouts) {
    for (const std::int64_t gap : {0, 1, 3}) {
      for (const bool backwards : {false, true}) {
        check_readings<double>(layout, DType::float64, gap, backwards);
        check_readings<float>(layout, DType::float32, gap, backwards);
        check_readings<Eigen::half>(layout, DType::float16, gap, backwards);
        check_readings<Eigen::bfloat16>(layout, DType::bfloat16, gap, backwards);
      }
    }
  }
}

TEST_CASE("the memory order of the same activations changes no row of any reading") {
  StoredTensor tensor({.n = 6, .c = 3, .h = 4, .w = 5}, readings_seed);
  for (const Samples samples : {Samples::positions, Samples::pooled, Samples::flattened}) {
    CAPTURE(name_of(samples));
    for (const Positions positions : {Positions::all(), Positions::sampled(7, 3)}) {
      const auto rows = [&](Layout layout) {
        return values_of(packed(tensor.view(layout), {layout, samples}, positions, 11));
      };
      CHECK(rows(Layout::nchw) == rows(Layout::nhwc));
    }
  }
}

TEST_CASE("seeded positions of a volume are those of its grid's size, in its flat order") {
  StoredTensor volume({.n = 5, .c = 2, .d = 3, .h = 4, .w = 2}, readings_seed);
  const PackedRows rows =
      packed(volume.view(Layout::ncdhw), Layout::ncdhw, Positions::sampled(6, 9), 40);
  std::vector<std::size_t> chosen;
  std::vector<double> expected;
  for (std::int64_t n = 0; n < 5; ++n) {
    choose_positions(Positions::sampled(6, 9), Grid{1, 24}, static_cast<std::uint64_t>(40 + n),
                     chosen);
    for (const std::size_t p : chosen)
      for (std::int64_t c = 0; c < 2; ++c)
        expected.push_back(volume.at(n, c, static_cast<std::int64_t>(p)));
  }
  CHECK(values_of(rows) == expected);
}

TEST_CASE("a pooled mean of half precision is not rounded to it") {
  std::vector<Eigen::half> values(2049, Eigen::half(1.0F));
  values[0] = Eigen::half(2048.0F);
  const std::vector<std::int64_t> shape{1, 1, 2049};
  const PackedRows rows =
      packed(ActivationView(values.data(), DType::float16, shape), Reading::pooled(Layout::ncl));
  CHECK(values_of(rows)[0] == 4096.0 / 2049.0);
}

TEST_CASE("chosen features are those of the row that a reading gives") {
  StoredTensor tensor({.n = 3, .c = 4, .h = 2, .w = 3}, readings_seed);
  for (const Reading& reading :
       {Reading(Layout::nhwc), Reading::pooled(Layout::nhwc), Reading::flattened(Layout::nhwc)}) {
    CAPTURE(reading.text());
    const PackedRows whole = packed(tensor.view(Layout::nhwc), reading);
    const std::vector<std::size_t> chosen{0, 2, whole.features() - 1};
    PackedRows cut;
    REQUIRE(cut.pack(tensor.view(Layout::nhwc), reading, Positions::all(), 0, chosen));
    CHECK(cut.features_of_tap() == whole.features());
    std::vector<double> expected;
    for (std::size_t row = 0; row < whole.rows(); ++row)
      for (const std::size_t feature : chosen)
        expected.push_back(values_of(whole)[row * whole.features() + feature]);
    CHECK(values_of(cut) == expected);
    const std::vector<std::size_t> beyond{whole.features()};
    CHECK_FALSE(cut.pack(tensor.view(Layout::nhwc), reading, Positions::all(), 0, beyond));
  }
}

TEST_CASE("an image with a value that is not finite is so in every reading that takes it") {
  StoredTensor tensor({.n = 3, .c = 2, .w = 4}, readings_seed);
  tensor.at(1, 1, 0, 0, 2) = std::nan("");
  const auto finite = [&](const Reading& reading) {
    const PackedRows rows = packed(tensor.view(reading.layout), reading);
    return std::vector<int>(rows.finite().begin(), rows.finite().end());
  };
  const std::vector<int> second_is_not{1, 0, 1};
  CHECK(finite(Reading::pooled(Layout::ncl)) == second_is_not);
  CHECK(finite(Reading::flattened(Layout::ncl)) == second_is_not);
  CHECK(finite(Reading::at_step(Layout::ntc, 2)) == second_is_not);
  CHECK(finite(Reading::at_step(Layout::ntc, 1)) == std::vector<int>{1, 1, 1});
  CHECK(finite(Layout::ncl) == std::vector<int>{1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1});
}

TEST_CASE("a reading that asks for what its layout lacks says so in one line") {
  CHECK(Reading::last_step(Layout::nchw).check().why() ==
        "expected a layout of sequences (ntc, tnc) to take a step of, got nchw");
  CHECK_FALSE(Reading::at_step(Layout::nc, 3).check());
  CHECK(Reading::pooled(Layout::nc).check().why() ==
        "expected a layout with positions or steps for pooled samples, got nc");
  CHECK_FALSE(Reading::flattened(Layout::nc).check());
  for (const Layout layout : all_layouts) CHECK(Reading(layout).check());
  CHECK(Reading::at_step(Layout::tnc, 3).check());
  CHECK(Reading::at_step(Layout::tnc, 3).text() == "tnc step 3");
  CHECK(Reading::pooled(Layout::ncdhw).text() == "ncdhw pooled");
  CHECK(Reading(Layout::ncl).text() == "ncl");
  StoredTensor tensor({.n = 2, .c = 3}, readings_seed);
  PackedRows rows;
  CHECK_FALSE(rows.pack(tensor.view(Layout::nc), Reading::pooled(Layout::nc), Positions::all(), 0));
  CHECK(rows.rows() == 0);
}

TEST_CASE("every layout names the axes of a view, and a broadcast that cannot be counted is none") {
  ActivationShape shape;
  for (const Layout layout : all_layouts) {
    CAPTURE(name_of(layout));
    StoredTensor tensor(extents_of(layout), readings_seed);
    shape = *read_shape(tensor.view(layout), layout);
    CHECK(shape.images == static_cast<std::size_t>(tensor.extents().n));
    CHECK(shape.features == 5);
    CHECK(shape.grid == Grid{static_cast<std::size_t>(tensor.extents().h),
                             static_cast<std::size_t>(tensor.extents().w),
                             static_cast<std::size_t>(tensor.extents().d)});
  }
  CHECK(shape.grid.text() == "1 x 7");
  CHECK(Grid{4, 6, 2}.text() == "2 x 4 x 6");
  const float value = 0;
  const std::int64_t huge = std::int64_t{1} << 40U;
  const std::vector<std::int64_t> extents{1, huge, huge, 1, 1};
  const std::vector<std::int64_t> strides(5, 0);
  CHECK(read_shape(ActivationView(&value, DType::float32, extents, strides), Layout::ncdhw)
            .why()
            .starts_with("expected fewer than 2^64 values an image, got shape (1, "));
}
