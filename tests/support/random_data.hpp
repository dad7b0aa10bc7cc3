#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace livecca_tests {

/// Seeded normal numbers; the same on every platform that has this standard library.
Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed);

/// Two noisy views of shared latents: samples × features each, correlated but far from equal.
struct PairOfViews {
  Eigen::MatrixXd x;
  Eigen::MatrixXd y;
};
PairOfViews shared_latents(Eigen::Index samples, Eigen::Index features_x, Eigen::Index features_y,
                           std::uint64_t seed);

}  // namespace livecca_tests
