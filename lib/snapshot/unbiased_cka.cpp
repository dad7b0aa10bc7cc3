#include "snapshot/unbiased_cka.hpp"

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

/// The sums that both estimates are made of, each divided by the norms of the sides' scatters
/// before anything is multiplied, so that scales of 1e75 pass.
struct Sums {
  double n;
  double root_xy;  ///< ‖Mxy‖_F, over the root of both norms
  double p, q, pp, qq, pq;
};

/// HSIC · n(n − 3) from ‖M‖²_F = root².
double hsic(double n, double root, double sum_pq, double sum_p, double sum_q) {
  return root * root - n / (n - 2) * sum_pq + sum_p * sum_q / ((n - 1) * (n - 2));
}

}  // namespace

std::optional<UnbiasedCka> unbiased_cka(const Moments& x, const Moments& y,
                                        const CrossMoments& cross) {
  if (!x.norm_sums() || !y.norm_sums() || !cross.norm_sums() || x.samples() < 4)
    return std::nullopt;
  const double a = frobenius_norm(x);
  const double b = frobenius_norm(y);
  const Sums s{.n = static_cast<double>(x.samples()),
               .root_xy = frobenius_norm(cross) / std::sqrt(a) / std::sqrt(b),
               .p = x.norm_sums()->p / a,
               .q = y.norm_sums()->p / b,
               .pp = x.norm_sums()->pp / a / a,
               .qq = y.norm_sums()->pp / b / b,
               .pq = cross.norm_sums()->pq / a / b};
  const double hsic_xx = hsic(s.n, 1, s.pp, s.p, s.p);
  const double hsic_yy = hsic(s.n, 1, s.qq, s.q, s.q);
  const double apart_xx = 1 - s.pp;  // without the diagonals
  const double apart_yy = 1 - s.qq;
  if (!(hsic_xx > 0) || !(hsic_yy > 0) || !(apart_xx > 0) || !(apart_yy > 0)) return std::nullopt;
  UnbiasedCka result;
  result.debiased = hsic(s.n, s.root_xy, s.pq, s.p, s.q) / std::sqrt(hsic_xx) / std::sqrt(hsic_yy);
  const double scale = std::sqrt(apart_xx) * std::sqrt(apart_yy);
  result.rv2 = (s.root_xy * s.root_xy - s.pq) / scale;
  result.rv2_floor = s.p * s.q / (s.n * (s.n - 1)) / scale;
  if (!std::isfinite(result.debiased) || !std::isfinite(result.rv2) ||
      !std::isfinite(result.rv2_floor)) {
    return std::nullopt;
  }
  return result;
}

}  // namespace livecca
