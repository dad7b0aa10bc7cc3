#include "snapshot/dense/matrix_product.hpp"

#include <algorithm>

#include "moments/products/product_kernel.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

constexpr auto tile = static_cast<Index>(tile_features);
// Below, in any direction or in all, packing costs more than it brings.
constexpr Index small_side = 4;
constexpr Index small_product = 32 * 32 * 32;

/// One side of a product in panels, see TileOperand: features are A's rows or B's columns, samples
/// are what is summed over.
class PackedSide {
 public:
  PackedSide(const MatrixView& features_by_samples, double factor, std::size_t piece,
             const Tasks& tasks)
      : view_(features_by_samples),
        panel_(static_cast<Index>(product_kernel().panel)),
        panels_((view_.rows + panel_ - 1) / panel_),
        values_(tasks.scratch(piece, static_cast<std::size_t>(panels_ * panel_ * view_.columns))) {
    tasks.for_each(static_cast<std::size_t>((view_.rows + tile - 1) / tile), [&](std::size_t i) {
      const Index first = static_cast<Index>(i) * (tile / panel_);
      for (Index p = first; p < std::min(first + tile / panel_, panels_); ++p) pack(p, factor);
    });
  }

  /// From a tile's first feature on.
  TileOperand<double> at(Index feature) const {
    return {.panels = values_ + feature / panel_ * panel_ * view_.columns,
            .stride = static_cast<std::size_t>(panel_ * view_.columns)};
  }

 private:
  void pack(Index panel, double factor) {
    const Index first = panel * panel_;
    const Index width = std::min(panel_, view_.rows - first);
    double* to = values_ + panel * panel_ * view_.columns;
    const double* from = view_.data + first * view_.row_stride;
    if (width < panel_) std::fill_n(to, panel_ * view_.columns, 0.0);
    if (view_.row_stride == 1) {
      for (Index k = 0; k < view_.columns; ++k, to += panel_, from += view_.column_stride) {
        VectorXd::Map(to, width) = factor * VectorXd::Map(from, width);
      }
    } else {
      // Four samples of each feature at a time, which lie in one line of the cache.
      Index k = 0;
      for (; k + 4 <= view_.columns; k += 4, to += 4 * panel_, from += 4 * view_.column_stride) {
        for (Index i = 0; i < width; ++i) {
          const double* feature = from + i * view_.row_stride;
          for (Index n = 0; n < 4; ++n) {
            to[n * panel_ + i] = factor * feature[n * view_.column_stride];
          }
        }
      }
      for (; k < view_.columns; ++k, to += panel_, from += view_.column_stride) {
        for (Index i = 0; i < width; ++i) to[i] = factor * from[i * view_.row_stride];
      }
    }
  }

  MatrixView view_;
  Index panel_;
  Index panels_;
  double* values_;
};

Index samples_of(Structure structure, Index inner, Index rows_end, Index columns_end) {
  if (structure == Structure::a_lower) return std::min(inner, rows_end);
  if (structure == Structure::b_upper) return std::min(inner, columns_end);
  return inner;
}

/// What of a symmetric result lies above the diagonal, from what lies below.
void mirror(Ref<MatrixXd> result, Index row, Index column, Index rows, Index columns) {
  auto below = result.block(row, column, rows, columns);
  if (row == column) {
    below.triangularView<Eigen::StrictlyUpper>() = below.transpose();
  } else {
    result.block(column, row, columns, rows) = below.transpose();
  }
}

/// Adds to the result, or sets a fresh one, of which a symmetric one is set as a whole.
void multiply(double factor, const MatrixView& a, const MatrixView& b, Structure structure,
              bool is_fresh, Ref<MatrixXd> result, const Tasks& tasks) {
  const PackedSide x(a, factor, 0, tasks);
  // Of A Aᵀ both sides are the same.
  const bool is_square = factor == 1 && a == b.transposed();
  const PackedSide y = is_square ? x : PackedSide(b.transposed(), 1, 1, tasks);
  const Index down = (a.rows + tile - 1) / tile;
  const Index across = (b.columns + tile - 1) / tile;
  const bool lower = structure == Structure::symmetric;
  tasks.for_each(static_cast<std::size_t>(down * across), [&](std::size_t i) {
    const Index row = static_cast<Index>(i) % down * tile;
    const Index column = static_cast<Index>(i) / down * tile;
    if (lower && row < column) return;
    const Index rows = std::min(tile, a.rows - row);
    const Index columns = std::min(tile, b.columns - column);
    if (is_fresh) result.block(row, column, rows, columns).setZero();
    const Index samples = samples_of(structure, a.columns, row + rows, column + columns);
    product_kernel().add({.out = &result(row, column),
                          .stride = static_cast<std::size_t>(result.outerStride()),
                          .rows = static_cast<std::size_t>(rows),
                          .columns = static_cast<std::size_t>(columns),
                          .is_on_diagonal = lower && row == column,
                          .x = x.at(row),
                          .y = y.at(column),
                          .samples = static_cast<std::size_t>(samples)});
    if (is_fresh && lower) mirror(result, row, column, rows, columns);
  });
}

}  // namespace

void add_product(double factor, const MatrixView& a, const MatrixView& b, Structure structure,
                 Ref<MatrixXd> result, const Tasks& tasks) {
  multiply(factor, a, b, structure, false, result, tasks);
}

MatrixXd product(const MatrixView& a, const MatrixView& b, Structure structure,
                 const Tasks& tasks) {
  using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  const auto map = [](const MatrixView& view) {
    return Eigen::Map<const MatrixXd, 0, Strides>(view.data, view.rows, view.columns,
                                                  Strides(view.column_stride, view.row_stride));
  };
  if (std::min({a.rows, a.columns, b.columns}) < small_side ||
      a.rows * a.columns * b.columns < small_product) {
    return map(a) * map(b);
  }
  MatrixXd result(a.rows, b.columns);
  multiply(1, a, b, structure, true, result, tasks);
  return result;
}

}  // namespace livecca
