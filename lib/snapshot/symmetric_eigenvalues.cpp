#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "snapshot/decompositions.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double machine_epsilon = std::numeric_limits<double>::epsilon();
constexpr int most_sweeps = 60;  // for one eigenvalue; about two are enough

/// A symmetric matrix with nothing beside its diagonal and the two next to it.
struct Tridiagonal {
  VectorXd diagonal;
  VectorXd squares;  ///< of the entries beside the diagonal, and a 0 at the end
};

/// The end of the block that begins at `first`: from there to the next row all is 0.
Index end_of_block(Tridiagonal& t, Index first) {
  constexpr double square = machine_epsilon * machine_epsilon;
  Index last = first;
  for (; last + 1 < t.diagonal.size(); ++last) {
    const double size = std::abs(t.diagonal(last)) * std::abs(t.diagonal(last + 1));
    if (t.squares(last) <= square * size) break;
  }
  t.squares(last) = 0;
  return last;
}

/// One QL step without square roots (Pal, Walker, Kahan) on the rows from `first` to `last`. The
/// shift is an eigenvalue of the first two rows.
void sweep(Tridiagonal& t, Index first, Index last) {
  VectorXd& d = t.diagonal;
  VectorXd& e = t.squares;
  const double root = std::sqrt(e(first));
  const double half = (d(first + 1) - d(first)) / (2 * root);
  const double shift = d(first) - root / (half + std::copysign(std::hypot(half, 1.0), half));
  double cosine = 1;
  double sine = 0;
  double gamma = d(last) - shift;
  double p = gamma * gamma;
  for (Index i = last - 1; i >= first; --i) {
    const double beside = e(i);
    const double sum = p + beside;
    if (i != last - 1) e(i + 1) = sine * sum;
    const double previous_cosine = std::exchange(cosine, sum > 0 ? p / sum : 1);
    sine = sum > 0 ? beside / sum : 0;
    const double previous_gamma = gamma;
    gamma = cosine * (d(i) - shift) - sine * previous_gamma;
    d(i + 1) = previous_gamma + (d(i) - gamma);
    // In the loop's first step the rotation before it was none.
    p = cosine != 0 ? gamma * gamma / cosine : previous_cosine * beside;
  }
  e(first) = sine * p;
  d(first) = shift + gamma;
}

/// False if a block does not fall apart.
bool diagonalise(Tridiagonal& t) {
  for (Index first = 0; first < t.diagonal.size(); ++first) {
    for (int sweeps = 0;; ++sweeps) {
      const Index last = end_of_block(t, first);
      if (last == first) break;
      if (sweeps == most_sweeps) return false;
      sweep(t, first, last);
    }
  }
  return t.diagonal.allFinite();
}

/// Empty if it did not converge. Only the reduction, which takes nearly all of the time, is in this
/// precision.
template <typename Scalar>
VectorXd eigenvalues_by(const MatrixXd& matrix) {
  using Reduction =
      Eigen::Tridiagonalization<Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>>;
  if (matrix.rows() < 2) return matrix.diagonal();
  const double scale = matrix.cwiseAbs().maxCoeff();
  if (!(scale > 0)) return VectorXd::Zero(matrix.rows());
  const Reduction reduced((matrix / scale).cast<Scalar>());
  Tridiagonal t{reduced.diagonal().template cast<double>(), VectorXd::Zero(matrix.rows())};
  t.squares.head(matrix.rows() - 1) = reduced.subDiagonal().template cast<double>().cwiseAbs2();
  if (!diagonalise(t)) return {};
  std::sort(t.diagonal.begin(), t.diagonal.end(), std::greater<>());
  return scale * t.diagonal;
}

}  // namespace

VectorXd symmetric_eigenvalues(const MatrixXd& matrix) {
  const VectorXd values = eigenvalues_by<double>(matrix);
  return values.size() == matrix.rows() ? values : symmetric_eigen(matrix, false).values;
}

VectorXd rough_symmetric_eigenvalues(const MatrixXd& matrix) {
  return eigenvalues_by<float>(matrix);
}

}  // namespace livecca
