#include "support/random_data.hpp"

namespace livecca_tests {

PairOfViews shared_latents(Eigen::Index samples, Eigen::Index features_x, Eigen::Index features_y,
                           std::uint64_t seed) {
  const Eigen::MatrixXd latents = normal_matrix(samples, 4, seed);
  return {latents * normal_matrix(4, features_x, seed + 1) +
              normal_matrix(samples, features_x, seed + 2),
          latents * normal_matrix(4, features_y, seed + 3) +
              normal_matrix(samples, features_y, seed + 4)};
}

}  // namespace livecca_tests
