#include <doctest/doctest.h>

#include <Eigen/Core>
#include <type_traits>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include "livecca/activations/eigen.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/xtensor.hpp"
#include "support/packed_values.hpp"

using namespace livecca;

namespace {

std::vector<double> rows_of(const ActivationView& view, Layout layout) {
  PackedRows rows;
  const auto packed = rows.pack(view, layout, Positions::all(), 0);
  REQUIRE_MESSAGE(packed, packed.why());
  return livecca_tests::values_of(rows);
}

template <typename Matrix>
concept CanBeViewed = requires(Matrix&& matrix) {
  view_of(std::forward<Matrix>(matrix));
};

// A temporary's storage is gone before the view is used.
static_assert(!CanBeViewed<Eigen::MatrixXd>);
static_assert(CanBeViewed<Eigen::MatrixXd&>);
static_assert(CanBeViewed<Eigen::Block<Eigen::MatrixXd>>);

}  // namespace

TEST_CASE("Eigen matrices are borrowed in any order and as blocks") {
  const Eigen::MatrixXd columns = Eigen::MatrixXd::Random(6, 4);
  const Eigen::Matrix<float, -1, -1, Eigen::RowMajor> rows = columns.cast<float>();
  CHECK(view_of(columns).data() == columns.data());
  const auto values = rows_of(view_of(columns), Layout::nc);
  const auto floats = rows_of(view_of(rows), Layout::nc);
  for (Eigen::Index i = 0; i < 6; ++i) {
    for (Eigen::Index j = 0; j < 4; ++j) {
      const auto k = static_cast<std::size_t>(i * 4 + j);
      CHECK(values[k] == columns(i, j));
      CHECK(floats[k] == static_cast<double>(rows(i, j)));
    }
  }
  const auto block = rows_of(view_of(columns.block(1, 2, 3, 2)), Layout::nc);
  CHECK(block[0] == columns(1, 2));
  CHECK(block[5] == columns(3, 3));
  const auto transposed = rows_of(view_of(columns.transpose()), Layout::nc);
  CHECK(transposed[1] == columns(1, 0));
}

TEST_CASE("xtensor containers and strided views are borrowed") {
  xt::xtensor<double, 4> images = xt::arange<double>(2 * 3 * 4 * 5).reshape({2, 3, 4, 5});
  const auto whole = activations_of(images);
  static_assert(!std::remove_cvref_t<decltype(whole)>::copies);
  CHECK(whole.view().data() == images.data());
  const auto rows = rows_of(whole.view(), Layout::nchw);
  CHECK(rows[1] == images(0, 1, 0, 0));
  CHECK(rows[3] == images(0, 0, 0, 1));

  auto part = xt::view(images, xt::all(), xt::all(), xt::range(1, 4, 2), xt::range(0, 5, 2));
  const auto part_view = activations_of(part);
  static_assert(!std::remove_cvref_t<decltype(part_view)>::copies);
  const auto part_rows = rows_of(part_view.view(), Layout::nchw);
  CHECK(part_rows.size() == 2 * 2 * 3 * 3);
  CHECK(part_rows[0] == images(0, 0, 1, 0));
  CHECK(part_rows[3] == images(0, 0, 1, 2));
  CHECK(part_rows.back() == images(1, 2, 3, 4));
}

TEST_CASE("axes of extent 1, whose stride xtensor reports as 0, are read right") {
  const xt::xarray<float> single = xt::arange<float>(6).reshape({1, 6, 1, 1});
  const auto adapted = activations_of(single);
  const auto rows = rows_of(adapted.view(), Layout::nchw);
  CHECK(rows == std::vector<double>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("other xtensor expressions are evaluated once and owned, as are temporaries") {
  const xt::xarray<double> a = xt::arange<double>(8).reshape({4, 2});
  const auto sum = activations_of(a * 2.0 + 1.0);
  static_assert(std::remove_cvref_t<decltype(sum)>::copies);
  CHECK(rows_of(sum.view(), Layout::nc)[3] == 7);
  const auto temporary = activations_of(xt::xarray<double>(a));
  static_assert(std::remove_cvref_t<decltype(temporary)>::copies);
  CHECK(rows_of(temporary.view(), Layout::nc)[7] == 7);
}

TEST_CASE("an adapted buffer is borrowed") {
  std::vector<float> buffer{1, 2, 3, 4, 5, 6};
  const std::vector<std::size_t> shape{3, 2};
  auto adapted = xt::adapt(buffer, shape);
  const auto view = activations_of(adapted);
  CHECK(view.view().data() == buffer.data());
  CHECK(rows_of(view.view(), Layout::nc)[4] == 5);
}
