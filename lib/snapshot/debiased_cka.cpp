#include "snapshot/debiased_cka.hpp"

#include <Eigen/Core>
#include <cmath>

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

double frobenius_norm(const Moments& moments) {
  const auto features = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), features, features);
  const MatrixXd whole = scatter.selfadjointView<Eigen::Lower>();
  return whole.stableNorm();
}

double frobenius_norm(const CrossMoments& moments) {
  return Eigen::Map<const Eigen::VectorXd>(moments.product().data(),
                                           static_cast<Index>(moments.product().size()))
      .stableNorm();
}

}  // namespace

std::optional<double> debiased_cka(const Moments& x, const Moments& y, const CrossMoments& cross) {
  if (!x.norm_sums() || !y.norm_sums() || !cross.norm_sums() || x.samples() < 4)
    return std::nullopt;
  const double a = frobenius_norm(x);
  const double b = frobenius_norm(y);
  const auto n = static_cast<double>(x.samples());
  // HSIC · n(n − 3), divided by both norms before anything is multiplied, so that scales of 1e75
  // pass.
  const auto hsic = [n](double root, double sum_pq, double sum_p, double sum_q) {
    return root * root - n / (n - 2) * sum_pq + sum_p * sum_q / ((n - 1) * (n - 2));
  };
  const double p = x.norm_sums()->p / a;
  const double q = y.norm_sums()->p / b;
  const double xx = hsic(1, x.norm_sums()->pp / a / a, p, p);
  const double yy = hsic(1, y.norm_sums()->pp / b / b, q, q);
  const double xy = hsic(frobenius_norm(cross) / std::sqrt(a) / std::sqrt(b),
                         cross.norm_sums()->pq / a / b, p, q);
  const double result = xy / std::sqrt(xx) / std::sqrt(yy);
  if (!(xx > 0) || !(yy > 0) || !std::isfinite(result)) return std::nullopt;
  return result;
}

}  // namespace livecca
