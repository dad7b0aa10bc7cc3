#include <Eigen/SVD>
#include <algorithm>

#include "snapshot/decompositions.hpp"

namespace livecca {
namespace {

template <typename Decomposition>
bool take(const Decomposition& svd, bool vectors, SingularValues& result) {
  if (svd.info() != Eigen::Success || !svd.singularValues().allFinite()) return false;
  result.values = svd.singularValues();
  if (vectors) {
    if (!svd.matrixU().allFinite() || !svd.matrixV().allFinite()) return false;
    result.left = svd.matrixU();
    result.right = svd.matrixV();
  }
  result.converged = true;
  return true;
}

}  // namespace

SingularValues singular_values(const Eigen::MatrixXd& matrix, bool vectors, const Tasks& tasks) {
  SingularValues result;
  if (matrix.size() == 0) return result;
  if (std::min(matrix.rows(), matrix.cols()) >= wide_problem) {
    result = singular_values_by_squares(matrix, vectors, tasks);
    if (result.converged) return result;
  }
  const unsigned int options = vectors ? Eigen::ComputeThinU | Eigen::ComputeThinV : 0U;
  if (take(Eigen::BDCSVD<Eigen::MatrixXd>(matrix, options), vectors, result)) return result;
  // Slower, and without the deflation steps where divide and conquer can fail.
  take(Eigen::JacobiSVD<Eigen::MatrixXd>(matrix, options), vectors, result);
  return result;
}

}  // namespace livecca
