#include "snapshot/dense/tridiagonal_values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;
constexpr int most_sweeps = 40;  // for one eigenvalue; 2 is usual

class RootFreeQl {
 public:
  RootFreeQl(VectorXd&& diagonal, const VectorXd& beside)
      : d_(std::move(diagonal)), squares_(beside.cwiseAbs2()) {}

  bool run() {
    for (Index first = 0; first < d_.size();) {
      const Index last = end_of_block(first);
      turn(first, last);
      for (Index i = first; i <= last; ++i) {
        if (!settle(i, last)) return false;
      }
      first = last + 1;
    }
    return true;
  }

  VectorXd result() && {
    std::ranges::sort(d_);
    return std::move(d_);
  }

 private:
  bool is_negligible(Index i) const {
    return squares_(i) <= unit_roundoff * unit_roundoff * std::abs(d_(i) * d_(i + 1));
  }

  Index end_of_block(Index first) {
    Index last = first;
    while (last + 1 < d_.size() && !is_negligible(last)) ++last;
    if (last + 1 < d_.size()) squares_(last) = 0;
    return last;
  }

  /// The small end first, where eigenvalues converge first.
  void turn(Index first, Index last) {
    if (std::abs(d_(last)) >= std::abs(d_(first))) return;
    std::reverse(d_.data() + first, d_.data() + last + 1);
    std::reverse(squares_.data() + first, squares_.data() + last);
  }

  /// Sweeps until the entry beside d(i) vanishes.
  bool settle(Index i, Index last) {
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
      Index end = i;
      while (end < last && !is_negligible(end)) ++end;
      if (end < last) squares_(end) = 0;
      if (end == i) return true;
      this->sweep(i, end);
    }
    return false;
  }

  void sweep(Index first, Index last) {
    const double root = std::sqrt(squares_(first));
    const double half = (d_(first + 1) - d_(first)) / (2 * root);
    const double shift = d_(first) - root / (half + std::copysign(std::hypot(half, 1.0), half));
    double c = 1;
    double s = 0;
    double gamma = d_(last) - shift;
    double p = gamma * gamma;
    for (Index i = last - 1; i >= first; --i) {
      const double square = squares_(i);
      const double r = p + square;
      if (i + 1 != last) squares_(i + 1) = s * r;
      const double old_c = c;
      const double old_gamma = gamma;
      c = p / r;
      s = square / r;
      gamma = c * (d_(i) - shift) - s * old_gamma;
      d_(i + 1) = old_gamma + (d_(i) - gamma);
      p = c != 0 ? gamma * gamma / c : old_c * square;
    }
    squares_(first) = s * p;
    d_(first) = shift + gamma;
  }

  VectorXd d_;
  VectorXd squares_;  ///< of the entries beside the diagonal
};

}  // namespace

VectorXd tridiagonal_eigenvalues(VectorXd diagonal, const VectorXd& beside) {
  RootFreeQl ql(std::move(diagonal), beside);
  if (!ql.run()) return {};
  return std::move(ql).result();
}

}  // namespace livecca
