#pragma once

#include <cstddef>

#include "livecca/common/export.hpp"

namespace livecca {

/// The mean canonical correlation that independent data would score: p and q are the two ranks, n
/// the effective number of samples. In [0, 1]; 1 where n − 1 ≤ max(p, q); 0 if a rank is 0.
///
/// Integrates the limiting density of ρ² (Wachter 1980, "The limiting empirical measure of multiple
/// discriminant ratios"), with the mass at ρ = 1 that p + q > n − 1 forces. Within 0.3 % of
/// simulation from n = 1.5·d on. Not valid if the samples depend on one another, which is why a
/// convolution's n counts images. Cost: microseconds.
LIVECCA_EXPORT double mean_correlation_floor(std::size_t p, std::size_t q, double n);

}  // namespace livecca
