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
/// Exact for independent Gaussian data if min(p, q) ≤ 64: ρ² of a rank of 1 is Beta(q/2, (n − 1 −
/// q)/2), and otherwise the ρ² are a Jacobi ensemble, whose density is known (Adler, Forrester,
/// Nagao, van Moerbeke 2000). Above 64 it is the limit plus the next term of its expansion in
/// 1/min(p, q), within 0.02 %. If p + q > n − 1, some ρ are 1, which the mean counts. Cost: below a
/// millisecond.
LIVECCA_EXPORT double mean_correlation_floor(std::size_t p, std::size_t q, double n);

/// The same for complex data, like the coefficients of one frequency; ranks count complex
/// directions. Above a rank of 64 it is the limit, whose error is of order 1/rank².
LIVECCA_EXPORT double complex_mean_correlation_floor(std::size_t p, std::size_t q, double n);

/// The limit of the mean canonical correlation for large ranks in fixed proportions: the integral
/// over the limiting density of ρ² (Wachter 1980, "The limiting empirical measure of multiple
/// discriminant ratios"). For min(p, q) = d it is too high by at most 0.16/d of itself: 1.5 % for
/// 10 neurons, 0.15 % for 100. Cost: half a millisecond.
LIVECCA_EXPORT double limiting_mean_correlation(std::size_t p, std::size_t q, double n);

/// The standard deviation of the mean canonical correlation of independent Gaussian data. Exact up
/// to min(p, q) = 32, and above the limit's, which is at most 1 % too large. Cost: milliseconds.
LIVECCA_EXPORT double mean_correlation_deviation(std::size_t p, std::size_t q, double n);

/// The same for complex data, with the same accuracy.
LIVECCA_EXPORT double complex_mean_correlation_deviation(std::size_t p, std::size_t q, double n);

/// The probability that independent Gaussian data has a mean canonical correlation of at least
/// `value`. It is 1 if a rank is 0 or n − 1 ≤ max(p, q), because then every score is chance;
/// NaN if the value is.
///
/// Exact if min(p, q) = 1. Otherwise the square of the mean (of its part that is not forced, if
/// p + q > n − 1) is taken as a Beta number, so that mean and standard deviation are right. From
/// n = 3(p + q) on, 4.9 to 5.3 of 100 cases get a value below 0.05, and 0.9 to 1.3 one below 0.01.
/// Nearer to n = p + q it is too small for ranks below 10: there up to 7.5 and 2.7 of 100 do. Cost:
/// milliseconds.
LIVECCA_EXPORT double mean_correlation_p_value(double value, std::size_t p, std::size_t q,
                                               double n);

/// The expected largest of so many independent mean correlations, each of independent Gaussian data
/// of this size: what the best of that many unrelated pairs of layers scores. It is ∫ (1 − F^pairs)
/// with F as in mean_correlation_p_value(). With pairs ≤ 1 it is mean_correlation_floor(). One
/// layer against several makes independent pairs if the several are independent of each other;
/// otherwise their largest is lower.
///
/// From n = 3(p + q) on it is within 0.2 % for 2 pairs and 0.6 % for 8, and at most 1.4 % too low
/// for 32. It is within 0.3 % for ranks of 8 and more. Near n = p + q, ranks below 5 make it up to
/// 3 % too low for 32 pairs. Cost: milliseconds.
LIVECCA_EXPORT double largest_mean_correlation_floor(std::size_t p, std::size_t q, double n,
                                                     double pairs);

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
/// Exact up to min(p, q) = 32, as a quantile of a Beta law or of the Jacobi ensemble. Above, logit
/// ρ² follows the Tracy-Widom law, centred and scaled (Johnstone 2008, "Multivariate analysis and
/// Jacobi ensembles", arXiv:0803.3408), which is at most 0.15 % too high. Cost: milliseconds.
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
