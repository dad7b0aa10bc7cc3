#include "snapshot/unbiased_cka.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "moments/variance_floor.hpp"

namespace livecca {
namespace {

/// HSIC · n(n − 3) from ‖M‖²_F = root².
double hsic(double n, double root, double sum_pq, double sum_p, double sum_q) {
  return root * root - n / (n - 2) * sum_pq + sum_p * sum_q / ((n - 1) * (n - 2));
}

/// How far a product of two rows, summed over all rows, may be off relative to the sum of the
/// magnitudes: a rounding for each row. Fast products are summed in float32 over slices of at most
/// 128 rows, after both factors were rounded to it.
double product_error(const Moments& side) {
  const double exact = static_cast<double>(side.samples()) * std::numeric_limits<double>::epsilon();
  return side.precision() == Precision::exact ? exact : exact + 130 * 0x1p-24;
}

/// Σ_ij of what the rounding of the values themselves gives to the squares of the Gram matrix, over
/// ‖M‖²_F. A value v is off by a uniform share of ± u·v. So K_ij = xᵢ·xⱼ is off by a mean square of
/// u²/3 · Σ_k (x_ik² v_jk² + v_ik² x_jk²), and its sum over all i and j is 2u²/3 · Σ_k M_kk V_kk,
/// with V_kk = Σ v_ik² = M_kk + n · mean_k².
double value_error(const Moments& side, double norm) {
  const auto n = static_cast<double>(side.samples());
  double sum = 0;
  for (std::size_t k = 0; k < side.features(); ++k) {
    const double scatter = side.scatter()[k * side.features() + k] / norm;
    const double mean = side.mean().value(k);
    sum += scatter * (scatter + n * (mean / norm) * mean);
  }
  return side.roundoff() * side.roundoff() * 2 / 3 * sum;
}

/// One side, divided by the norm of its scatter before anything is multiplied.
struct GramSide {
  double norm;   ///< ‖M‖_F
  double p, pp;  ///< Σp / norm, Σp² / norm²
  double hsic;   ///< with itself, · n(n − 3) / norm²
  double apart;  ///< ‖K‖² without the diagonal, / norm²
  double error;  ///< how much of both rounding may give

  /// Whether a difference of large numbers is one of the data. Both differences are sums of
  /// squares, so that they are never below 0; and if they are this far above what rounding gives,
  /// their roots are right to 3 %.
  bool exceeds_rounding(double difference) const { return difference > rounding_margin * error; }
};

/// The error, relative to ‖M‖²_F, with γ = product_error() and t = tr M / ‖M‖_F = Σp / ‖M‖_F:
///
/// - ‖M‖²_F: M_kl is off by at most γ Σᵢ |x_ik x_il|, so that ‖ΔM‖_F ≤ γ Σᵢ ‖xᵢ‖² = γ tr M. The
///   square is off by at most 2 ‖M‖_F ‖ΔM‖_F, which is 2γt.
/// - n/(n − 2) · Σp²: a sum of n squares of sums of d squares, none below 0, is off by a share of
///   (n + 2d)ε of itself.
/// - (Σp)² / ((n − 1)(n − 2)): likewise, by 2(n + d)ε of itself.
///
/// And each p² below the smallest number of full precision may lose all its digits.
GramSide gram_side_of(const Moments& moments, double a) {
  const auto n = static_cast<double>(moments.samples());
  const auto d = static_cast<double>(moments.features());
  GramSide side{.norm = a,
                .p = moments.norm_sums()->p / a,
                .pp = moments.norm_sums()->pp / a / a,
                .hsic = 0,
                .apart = 0,
                .error = 0};
  side.hsic = hsic(n, 1, side.pp, side.p, side.p);
  side.apart = 1 - side.pp;
  const double subtracted = n / (n - 2) * side.pp + side.p * side.p / ((n - 1) * (n - 2));
  const double underflow = n * std::numeric_limits<double>::min() / a / a;
  side.error = 2 * product_error(moments) * side.p +
               2 * (n + d) * std::numeric_limits<double>::epsilon() * subtracted +
               value_error(moments, a) + underflow;
  return side;
}

/// A cosine between Gram matrices, which rounding may carry a little beyond 1.
std::optional<double> cosine(double product, double square_x, double square_y) {
  const double value = product / std::sqrt(square_x) / std::sqrt(square_y);
  if (!std::isfinite(value)) return std::nullopt;
  return std::clamp(value, -1.0, 1.0);
}

}  // namespace

UnbiasedCka unbiased_cka(const Moments& x, const Moments& y, const CrossMoments& cross,
                         const FrobeniusNorms& norms) {
  UnbiasedCka result;
  if (!x.norm_sums() || !y.norm_sums() || !cross.norm_sums() || x.samples() < 4) return result;
  const auto n = static_cast<double>(x.samples());
  const GramSide a = gram_side_of(x, norms.x);
  const GramSide b = gram_side_of(y, norms.y);
  const double root = norms.cross / std::sqrt(a.norm) / std::sqrt(b.norm);
  const double pq = cross.norm_sums()->pq / a.norm / b.norm;
  if (a.exceeds_rounding(a.hsic) && b.exceeds_rounding(b.hsic)) {
    result.debiased = cosine(hsic(n, root, pq, a.p, b.p), a.hsic, b.hsic);
  }
  if (a.exceeds_rounding(a.apart) && b.exceeds_rounding(b.apart)) {
    result.rv2 = cosine(root * root - pq, a.apart, b.apart);
    if (result.rv2) {
      result.rv2_floor = a.p * b.p / (n * (n - 1)) / std::sqrt(a.apart) / std::sqrt(b.apart);
    }
  }
  return result;
}

}  // namespace livecca
