#pragma once

#include <cstddef>
#include <optional>

#include "livecca/common/export.hpp"

namespace livecca {

/// What independent data would score. p and q are the two ranks, n the effective number of samples.
/// None of it holds if the samples depend on one another, which is why a convolution's n counts
/// images. Thread safety: all are pure functions.

/// The mean canonical correlation. In [0, 1]; 1 where n − 1 ≤ max(p, q); 0 if a rank is 0.
///
/// Integrates the limiting density of ρ² (Wachter 1980, "The limiting empirical measure of multiple
/// discriminant ratios"), with the mass at ρ = 1 that p + q > n − 1 forces. Within 0.3 % of
/// simulation from n = 1.5·d on. Cost: microseconds.
LIVECCA_EXPORT double mean_correlation_floor(std::size_t p, std::size_t q, double n);

/// The mean squared canonical correlation, max(p, q) / (n − 1), at most 1. Exact on average over
/// permutations of one side's rows, whatever their distribution.
LIVECCA_EXPORT double mean_squared_correlation_floor(std::size_t p, std::size_t q, double n);

/// The share of variance that a regression on unrelated data of rank q explains: q / (n − 1), at
/// most 1. Exact as above.
LIVECCA_EXPORT double regression_floor(std::size_t q, double n);

/// Linear CKA: √(r_x · r_y) / (n − 1), at most 1, with r the effective ranks (Σλ)² / Σλ² of the
/// sample covariances. Exact as above: the average of ‖Sxy‖²_F over permutations is
/// tr Sxx · tr Syy / (n − 1).
LIVECCA_EXPORT double linear_cka_floor(double effective_rank_x, double effective_rank_y, double n);

/// The line that the largest of the canonical correlations crosses in 5 of 100 cases. Empty where
/// p + q ≥ n − 1, or a rank is 0.
///
/// For data near Gaussian: sparse or heavy-tailed neurons (few active in a sample) cross it far
/// more often, as single samples decide their correlations.
///
/// logit ρ² follows the Tracy-Widom law, centred and scaled (Johnstone 2008, "Multivariate analysis
/// and Jacobi ensembles", arXiv:0803.3408).
LIVECCA_EXPORT std::optional<double> largest_correlation_line(std::size_t p, std::size_t q,
                                                              double n);

/// The population's canonical correlation behind a sample's: solves
/// ρ² = r (1 − γ1 + γ1/r)(1 − γ2 + γ2/r) for r, γ = rank / (n − 1), and returns √r. Empty for ρ
/// below what stands out of independent data, r = √(γ1γ2 / ((1 − γ1)(1 − γ2))), and where
/// p + q ≥ n − 1. Asymptotic, for a few correlations that stand out (Bao, Hu, Pan, Zhou 2019,
/// arXiv:1704.02408).
LIVECCA_EXPORT std::optional<double> debiased_correlation(double correlation, std::size_t p,
                                                          std::size_t q, double n);

}  // namespace livecca
