#include <Eigen/SVD>
#include <algorithm>

#include "snapshot/decompositions.hpp"

namespace livecca {
namespace {

template <typename Decomposition>
bool take(const Decomposition& svd, Vectors vectors, SingularValues& result) {
  if (svd.info() != Eigen::Success || !svd.singularValues().allFinite()) return false;
  result.values = svd.singularValues();
  if (vectors != Vectors::none) {
    if (!svd.matrixU().allFinite()) return false;
    result.left = svd.matrixU();
  }
  if (vectors == Vectors::both) {
    if (!svd.matrixV().allFinite()) return false;
    result.right = svd.matrixV();
  }
  result.converged = true;
  return true;
}

}  // namespace

SingularValues singular_values(const Eigen::MatrixXd& matrix, Vectors vectors, const Tasks& tasks) {
  SingularValues result;
  if (matrix.size() == 0) return result;
  if (std::min(matrix.rows(), matrix.cols()) >= wide_problem) {
    result = singular_values_by_squares(matrix, vectors, tasks);
    if (result.converged) return result;
  }
  unsigned int options = 0;
  if (vectors != Vectors::none) options |= Eigen::ComputeThinU;
  if (vectors == Vectors::both) options |= Eigen::ComputeThinV;
  if (take(Eigen::BDCSVD<Eigen::MatrixXd>(matrix, options), vectors, result)) return result;
  // Slower, and without the deflation steps where divide and conquer can fail.
  take(Eigen::JacobiSVD<Eigen::MatrixXd>(matrix, options), vectors, result);
  return result;
}

}  // namespace livecca
