#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "snapshot/dense/matrix_product.hpp"
#include "snapshot/dense/secular.hpp"
#include "snapshot/dense/vector_kernel.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using livecca_tests::normal_matrix;

namespace {

constexpr std::uint64_t dense_seed = 2236;

/// Those that this processor has.
std::vector<const VectorKernel*> vector_kernels() {
  std::vector<const VectorKernel*> found{&baseline_vectors};
#ifdef LIVECCA_X86
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    found.push_back(&avx2_vectors);
  } else {
    MESSAGE("SKIPPED: sums by AVX2, which this processor lacks");
  }
  if (__builtin_cpu_supports("avx512f") != 0) {
    found.push_back(&avx512_vectors);
  } else {
    MESSAGE("SKIPPED: sums by AVX-512, which this processor lacks");
  }
#endif
  return found;
}

std::size_t as_size(Index value) { return static_cast<std::size_t>(value); }

double worst(const VectorXd& got, const VectorXd& expected) {
  return got.size() == 0 ? 0 : (got - expected).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("products of any shape, transposed or not, equal the plain ones") {
  const Tasks tasks;
  for (const auto& [rows, inner, columns] : {std::tuple{1, 1, 1},
                                             {31, 40, 50},
                                             {32, 32, 32},
                                             {33, 150, 47},
                                             {145, 129, 290},
                                             {300, 1, 300},
                                             {288, 257, 144}}) {
    CAPTURE(rows);
    const MatrixXd a = normal_matrix(rows, inner, dense_seed);
    const MatrixXd b = normal_matrix(inner, columns, dense_seed + 1);
    const MatrixXd expected = a * b;
    const double rounding = 1e-15 * (a.cwiseAbs() * b.cwiseAbs()).maxCoeff();
    CHECK((product(a, b, Structure::none, tasks) - expected).cwiseAbs().maxCoeff() <= rounding);
    const MatrixXd a_transposed = a.transpose();
    CHECK((transposed_product(a_transposed, b, Structure::none, tasks) - expected)
              .cwiseAbs()
              .maxCoeff() <= rounding);
    MatrixXd sum = expected;
    add_product(-2, MatrixView::of(a), MatrixView::of(b), Structure::none, sum, tasks);
    CHECK((sum + expected).cwiseAbs().maxCoeff() <= 3 * rounding);
    const MatrixXd square = transposed_product(a, a, Structure::symmetric, tasks);
    CHECK((square - a.transpose() * a).cwiseAbs().maxCoeff() <=
          2e-15 * (a.cwiseAbs().transpose() * a.cwiseAbs()).maxCoeff());
    CHECK(square == square.transpose());
    const MatrixXd lower =
        normal_matrix(inner, inner, dense_seed + 2).triangularView<Eigen::Lower>();
    CHECK((product(lower, b, Structure::a_lower, tasks) - lower * b).cwiseAbs().maxCoeff() < 1e-12);
    const MatrixXd upper = lower.transpose();
    CHECK((product(a, upper, Structure::b_upper, tasks) - a * upper).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("sums by any instructions equal the plain ones, whatever the sizes") {
  for (const VectorKernel* kernel : vector_kernels()) {
    for (const auto& [rows, columns] :
         {std::pair{1, 1}, {3, 2}, {4, 4}, {7, 9}, {8, 12}, {37, 21}, {64, 33}, {101, 101}}) {
      CAPTURE(rows);
      CAPTURE(columns);
      const MatrixXd a = normal_matrix(rows + 2, columns, dense_seed + 3);
      const auto used = a.topRows(rows);
      const VectorXd v = normal_matrix(rows, 1, dense_seed + 4);
      const VectorXd f = normal_matrix(columns, 1, dense_seed + 5);
      const auto stride = as_size(a.rows());
      VectorXd dots(columns);
      kernel->dots(a.data(), stride, as_size(rows), as_size(columns), v.data(), dots.data());
      CHECK(worst(dots, used.transpose() * v) < 1e-13);
      VectorXd y = v;
      kernel->add_columns(a.data(), stride, as_size(rows), as_size(columns), f.data(), y.data());
      CHECK(worst(y, v + used * f) < 1e-13);
      const MatrixXd square = normal_matrix(rows, rows, dense_seed + 6);
      const MatrixXd symmetric = square.selfadjointView<Eigen::Lower>();
      const Index cut = rows / 3;
      y.setZero();
      for (const auto& [first, last] : {std::pair<Index, Index>{0, cut}, {cut, rows}}) {
        kernel->symmetric_columns(square.data(), as_size(rows), as_size(rows), as_size(first),
                                  as_size(last), v.data(), y.data());
      }
      CHECK(worst(y, symmetric * v) < 1e-13);
      const VectorXd weights = v.cwiseAbs2();
      const VectorXd poles = VectorXd::LinSpaced(rows, 1, 2);
      PoleSums sums;
      kernel->pole_sums(weights.data(), poles.data(), 0.5, as_size(cut), as_size(rows), &sums);
      const Eigen::ArrayXd terms = weights.array() / (poles.array() - 0.5);
      const Eigen::ArrayXd slopes = terms / (poles.array() - 0.5);
      CHECK(std::abs(sums.below - terms.head(cut).sum()) < 1e-12);
      CHECK(std::abs(sums.above - terms.tail(rows - cut).sum()) < 1e-12);
      CHECK(std::abs(sums.slope_below - slopes.head(cut).sum()) < 1e-12);
      CHECK(std::abs(sums.slope_above - slopes.tail(rows - cut).sum()) < 1e-12);
    }
  }
}

TEST_CASE("eigenvalues after a change of rank one lie between the poles and solve the equation") {
  for (const Index count : {1, 2, 3, 17, 64}) {
    for (const double smallest : {1.0, 1e-6, 1e-14}) {
      CAPTURE(count);
      CAPTURE(smallest);
      VectorXd poles = VectorXd::LinSpaced(count, -1, 1);
      if (count > 2) poles(1) = poles(0) + 1e-9;
      VectorXd squares = normal_matrix(count, 1, dense_seed + 7).cwiseAbs2();
      squares(count / 2) *= smallest;
      squares /= squares.sum();
      const SecularEquation equation{poles, squares, 0.7};
      double trace = 0;
      for (Index j = 0; j < count; ++j) {
        VectorXd differences(count);
        const double value = equation.solve(j, differences.data());
        trace += value;
        CHECK(differences(j) < 0);
        if (j + 1 < count) CHECK(differences(j + 1) > 0);
        CHECK(worst(differences, (poles.array() - value).matrix()) < 1e-15);
        // 1 + strength · Σ z² / (pole − value) vanishes, as far as its largest term lets be seen.
        const Eigen::ArrayXd terms = 0.7 * squares.array() / differences.array();
        CHECK(std::abs(1 + terms.sum()) <
              1e-14 * (1 + terms.abs().sum()) * static_cast<double>(count));
      }
      CHECK(std::abs(trace - poles.sum() - 0.7) < 1e-13);
    }
  }
}

TEST_CASE("bits of vector sums do not depend on where in memory their vectors lie") {
  for (const VectorKernel* kernel : vector_kernels()) {
    for (Index n = 1; n <= 40; ++n) {
      CAPTURE(n);
      const MatrixXd a = normal_matrix(n, n, dense_seed + 7);
      const VectorXd v = normal_matrix(n, 1, dense_seed + 8);
      const auto size = as_size(n);
      VectorXd columns_first;
      VectorXd symmetric_first;
      // What is added to lies in front of the matrix or behind it, at once or a few numbers apart.
      for (Index apart = -8; apart <= 8; ++apart) {
        VectorXd memory = VectorXd::Constant(n * n + 2 * (n + 8), 0.1);
        double* const matrix = memory.data() + n + 8;
        std::copy_n(a.data(), a.size(), matrix);
        double* const y = apart < 0 ? matrix - n + apart + 1 : matrix + n * n + apart;
        kernel->add_columns(matrix, size, size, size, v.data(), y);
        const VectorXd columns = Eigen::Map<const VectorXd>(y, n);
        std::fill_n(y, size, 0.1);
        kernel->symmetric_columns(matrix, size, size, 0, size, v.data(), y);
        const VectorXd symmetric = Eigen::Map<const VectorXd>(y, n);
        if (columns_first.size() == 0) {
          columns_first = columns;
          symmetric_first = symmetric;
        }
        CHECK(columns == columns_first);
        CHECK(symmetric == symmetric_first);
      }
    }
  }
}
