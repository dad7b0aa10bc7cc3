#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <random>

namespace livecca_tests {

/// Seeded normal numbers; the same on every platform that has this standard library.
inline Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Eigen::MatrixXd matrix(rows, columns);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < columns; ++j) matrix(i, j) = normal(engine);
  }
  return matrix;
}

/// Two noisy views of shared latents: samples × features each, correlated but far from equal.
struct PairOfViews {
  Eigen::MatrixXd x;
  Eigen::MatrixXd y;
};
PairOfViews shared_latents(Eigen::Index samples, Eigen::Index features_x, Eigen::Index features_y,
                           std::uint64_t seed);

}  // namespace livecca_tests
