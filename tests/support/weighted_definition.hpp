#pragma once

#include <Eigen/Core>

namespace livecca_tests {

/// Weighted moments in 80-bit arithmetic by their definition: what accumulators are tested against.
struct WeightedDefinition {
  double weight;
  Eigen::VectorXd mean_x;
  Eigen::MatrixXd product;

  WeightedDefinition(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, const Eigen::VectorXd& w) {
    using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
    using LongRow = Eigen::Matrix<long double, 1, Eigen::Dynamic>;
    const Long weights = w.cast<long double>();
    const long double sum = weights.sum();
    const auto mean_of = [&](const Long& m) -> LongRow { return weights.transpose() * m / sum; };
    Long wide_x = x.cast<long double>();
    Long wide_y = y.cast<long double>();
    const LongRow mean = mean_of(wide_x);
    wide_x.rowwise() -= mean;
    wide_y.rowwise() -= mean_of(wide_y);
    weight = static_cast<double>(sum);
    mean_x = mean.transpose().cast<double>();
    product = (wide_x.transpose() * weights.col(0).asDiagonal() * wide_y).cast<double>();
  }
};

inline double relative_error(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return (a - b).norm() / b.norm();
}

}  // namespace livecca_tests
