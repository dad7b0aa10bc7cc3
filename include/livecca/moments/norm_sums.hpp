#pragma once

#include <vector>

namespace livecca {

/// The sums over samples that debiased CKA needs beside second moments, with p = ‖x − mean_x‖² of a
/// sample. Together with CrossNormSums they give the unbiased HSIC of Song et al. 2012. They exist
/// for equal weights only, because the estimator has no weighted form.
struct NormSums {
  double p = 0;            ///< Σ p
  double pp = 0;           ///< Σ p²
  std::vector<double> px;  ///< Σ p (x − mean_x), one entry a feature
};

/// The same sums for a pair, with q = ‖y − mean_y‖² of a sample.
struct CrossNormSums {
  double p = 0;            ///< Σ p
  double q = 0;            ///< Σ q
  double pq = 0;           ///< Σ p q
  std::vector<double> qx;  ///< Σ q (x − mean_x), one entry a feature of x
  std::vector<double> py;  ///< Σ p (y − mean_y), one entry a feature of y
};

}  // namespace livecca
