#pragma once

#include <Eigen/Core>

#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"
#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// The moments' scatter over their divisor, features × features, whole.
Eigen::MatrixXd covariance_of(const Moments& moments, const Tasks& tasks = {});

/// The same of a pair, features_x × features_y.
Eigen::MatrixXd covariance_of(const CrossMoments& moments, const Tasks& tasks = {});

/// ‖Σ (x − mean)(x − mean)ᵀ‖_F, the norm of the scatter, nearly always without a copy of it. Not
/// finite if an entry is not.
double scatter_norm(const Moments& moments);

/// The same of a pair's product.
double product_norm(const CrossMoments& moments);

/// The real form [[A, −B], [B, A]] of the complex matrix A + iB that products of real and imaginary
/// parts stand for: `parts` in blocks (aa, ab; ba, bb) gives A = aa + bb, B = ba − ab. Sums and
/// products of real forms are the real forms of sums and products, and transposes those of
/// conjugate transposes; eigenvalues and singular values come twice.
Eigen::MatrixXd real_form(const Eigen::MatrixXd& parts);

}  // namespace livecca
