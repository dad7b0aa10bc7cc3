#pragma once

#include <Eigen/Core>

namespace livecca {

/// Exact laws of the canonical correlations of independent Gaussian data. With p ≤ q the ranks and
/// N = n − 1, p + q ≤ N, the squares x of the p correlations are a Jacobi ensemble: their density
/// is ∝ ∏ |xᵢ − xⱼ|^β ∏ x^(β(q − p + 1)/2 − 1) (1 − x)^(β(N − p − q + 1)/2 − 1), with β = 1 for
/// real data and 2 for complex data.
///
/// Everything is built from h_k(θ) = √w(x) P_k(x), x = sin²θ, where P_k are the orthonormal
/// polynomials of the weight w = x^(q − p) (1 − x)^(N − p − q) on [0, 1]. Integrals over θ are sums
/// over nodes that are dense at the ends, and converge faster than any low power of the step.
class JacobiEnsemble {
 public:
  /// p and q are whole, N need not be. Cost: O(p²).
  JacobiEnsemble(double p, double q, double freedom);

  /// The expected mean correlation of real data. From the density of the ensemble for β = 1: the
  /// one for β = 2 and p − 1 correlations, and a term of rank one (Adler, Forrester, Nagao, van
  /// Moerbeke 2000, "Classical skew orthogonal polynomials and random matrices"). Cost: O(p²).
  double mean_correlation() const;

  /// The same of complex data. Cost: O(p²).
  double complex_mean_correlation() const;

  /// The standard deviation of the mean correlation of complex data, which are a determinantal
  /// process: with F_jk = ∫ h_j h_k ρ it is that of tr F, Σ ∫ h_j² ρ² − ‖F‖²_F. Cost: O(p³).
  double complex_deviation_of_mean() const;

  /// The standard deviation of the mean correlation of real data. E ∏ exp(t ρ) is a Pfaffian (de
  /// Bruijn 1955), of whose logarithm this is the second derivative at 0. Cost: O(p³).
  double deviation_of_mean() const;

  /// The correlation that the largest one of real data stays below with this probability, in
  /// (0, 1). That probability is a ratio of Pfaffians, too. Cost: O(p³), ten times.
  double quantile_of_largest(double probability) const;

 private:
  Eigen::ArrayXd correction() const;
  Eigen::ArrayXd running_integral(const Eigen::ArrayXd& values) const;
  Eigen::ArrayXXd running_integrals(const Eigen::ArrayXXd& values) const;

  Eigen::Index rank_;
  double center_;          ///< a correlation amid them all
  Eigen::ArrayXd sine_;    ///< the correlation at each node
  Eigen::ArrayXd both_;    ///< sin θ cos θ
  Eigen::ArrayXd step_;    ///< dθ
  Eigen::ArrayXXd waves_;  ///< h_k, nodes × rank
  Eigen::ArrayXd coupling_;  ///< c_k: d(h_k sin θ cos θ) = 2 (c_k h_(k−1) − c_(k+1) h_(k+1)) dθ
};

}  // namespace livecca
