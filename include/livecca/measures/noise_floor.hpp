#pragma once

#include <cstddef>
#include <optional>

#include "livecca/common/export.hpp"

namespace livecca {

/// The scores of independent data. p and q are the ranks of the sides, n is the effective number of
/// samples. The formulas do not hold for samples that depend on each other, so n of a convolution
/// counts images. Thread safety: all are pure functions.

/// The mean canonical correlation, in [0, 1]. It is 1 if n − 1 ≤ max(p, q), and 0 if a rank is 0.
///
/// Integrates the limiting density of ρ² (Wachter 1980, "The limiting empirical measure of multiple
/// discriminant ratios"). If p + q > n − 1, some ρ are 1, which the integral counts. Within 0.3 %
/// of simulations for n ≥ 1.5·d, but 1 to 8 % too high for ranks of 2 to 9. If a rank is 1, the
/// value is exact for Gaussian data, because ρ² is then Beta(q/2, (n − 1 − q)/2). Cost:
/// microseconds.
LIVECCA_EXPORT double mean_correlation_floor(std::size_t p, std::size_t q, double n);

/// The mean squared canonical correlation: max(p, q) / (n − 1), at most 1. Exact on average over
/// permutations of one side's rows, for any distribution.
LIVECCA_EXPORT double mean_squared_correlation_floor(std::size_t p, std::size_t q, double n);

/// The share of variance that a regression on unrelated data of rank q explains: q / (n − 1), at
/// most 1. Exact on average over permutations, for any distribution.
LIVECCA_EXPORT double regression_floor(std::size_t q, double n);

/// Linear CKA: √(r_x · r_y) / (n − 1), at most 1, with r the effective ranks (Σλ)² / Σλ² of the
/// sample covariances. Exact, because the average of ‖Sxy‖²_F over permutations is tr Sxx · tr Syy
/// / (n − 1).
LIVECCA_EXPORT double linear_cka_floor(double effective_rank_x, double effective_rank_y, double n);

/// The largest canonical correlation of independent data is above this line in 5 of 100 cases.
/// Empty if p + q ≥ n − 1 or a rank is 0.
///
/// The line holds for nearly Gaussian data. Sparse or heavy-tailed neurons (few active in a sample)
/// cross it far more often, because single samples decide their correlations.
///
/// logit ρ² follows the Tracy-Widom law, centred and scaled (Johnstone 2008, "Multivariate analysis
/// and Jacobi ensembles", arXiv:0803.3408).
LIVECCA_EXPORT std::optional<double> largest_correlation_line(std::size_t p, std::size_t q,
                                                              double n);

/// Estimates the canonical correlation of the population from that of a sample: solves
/// ρ² = r (1 − γ1 + γ1/r)(1 − γ2 + γ2/r) for r, with γ = rank / (n − 1), and returns √r. Empty if
/// independent data could give this ρ, which is so for r up to √(γ1γ2 / ((1 − γ1)(1 − γ2))), and if
/// p + q ≥ n − 1. The formula is asymptotic and meant for a few correlations that stand out (Bao,
/// Hu, Pan, Zhou 2019, arXiv:1704.02408).
LIVECCA_EXPORT std::optional<double> debiased_correlation(double correlation, std::size_t p,
                                                          std::size_t q, double n);

}  // namespace livecca
