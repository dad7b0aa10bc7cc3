#pragma once

#include <vector>

namespace livecca {

/// What debiased CKA needs of a tap beyond second moments: sums over p = ‖x − mean_x‖², of one
/// sample each. With those of the pair (CrossNormSums) they give the unbiased HSIC of Song et al.
/// 2012. Only for equal weights: the estimator has no weighted form.
struct NormSums {
  double p = 0;            ///< Σ p
  double pp = 0;           ///< Σ p²
  std::vector<double> px;  ///< Σ p (x − mean_x), one entry a feature
};

/// The same of a pair, q = ‖y − mean_y‖².
struct CrossNormSums {
  double p = 0;            ///< Σ p
  double q = 0;            ///< Σ q
  double pq = 0;           ///< Σ p q
  std::vector<double> qx;  ///< Σ q (x − mean_x), one entry a feature of x
  std::vector<double> py;  ///< Σ p (y − mean_y), one entry a feature of y
};

}  // namespace livecca
