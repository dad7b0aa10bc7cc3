#include "support/random_data.hpp"

#include <random>

namespace livecca_tests {

Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Eigen::MatrixXd matrix(rows, columns);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < columns; ++j) matrix(i, j) = normal(engine);
  }
  return matrix;
}

PairOfViews shared_latents(Eigen::Index samples, Eigen::Index features_x, Eigen::Index features_y,
                           std::uint64_t seed) {
  const Eigen::MatrixXd latents = normal_matrix(samples, 4, seed);
  return {latents * normal_matrix(4, features_x, seed + 1) +
              normal_matrix(samples, features_x, seed + 2),
          latents * normal_matrix(4, features_y, seed + 3) +
              normal_matrix(samples, features_y, seed + 4)};
}

}  // namespace livecca_tests
