#pragma once

#include <Eigen/Core>
#include <optional>

#include "livecca/snapshot/position_chance.hpp"
#include "snapshot/decompositions.hpp"

namespace livecca {

/// How ‖S0 + N‖_* grows out of ‖N‖_*, with N the cross-covariance of unrelated Gaussian data of
/// `samples` rows whose sides have the covariances Rx Rxᵀ and Ry Ryᵀ. `shared` is S0 = U diag(s)
/// Vᵀ. From draws of N, which are always the same ones: one of 64 directions and more, up to 64 of
/// fewer. Empty where singular values do not converge. Cost: three times the singular values of S0
/// for each draw.
std::optional<PositionChance::SharedNorm> shared_norm(const SingularValues& shared,
                                                      const Eigen::MatrixXd& root_x,
                                                      const Eigen::MatrixXd& root_y, double samples,
                                                      const Tasks& tasks);

}  // namespace livecca
