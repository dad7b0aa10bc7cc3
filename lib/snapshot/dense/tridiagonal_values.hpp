#pragma once

#include <Eigen/Core>

namespace livecca {

/// The eigenvalues of a symmetric tridiagonal matrix, ascending, with an error of some ε of the
/// largest; empty if they do not converge. QL without square roots (Pal, Walker and Kahan; Parlett
/// 1980, section 8-15), d² times about 10 ns.
Eigen::VectorXd tridiagonal_eigenvalues(Eigen::VectorXd diagonal, const Eigen::VectorXd& beside);

}  // namespace livecca
