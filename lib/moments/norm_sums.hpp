#pragma once

#include <span>
#include <vector>

#include "livecca/moments/norm_sums.hpp"

namespace livecca {

/// Memory for the products with a shift; kept so that a step allocates nothing.
struct NormScratch {
  std::vector<double> x;
  std::vector<double> y;
};

// `n` rows as they were seen from their mean are now seen from elsewhere: x' = x + dx. The products
// are the centred ones of the same rows. From these formulas a merge in the manner of Chan follows.

void recenter(NormSums& sums, std::span<const double> scatter, double n, std::span<const double> dx,
              NormScratch& scratch);
void recenter(CrossNormSums& sums, std::span<const double> product, double n,
              std::span<const double> dx, std::span<const double> dy, NormScratch& scratch);

/// Adds `count` rows (row-major) to sums that are seen from the same place as x + dx.
void add_rows(NormSums& sums, std::span<const double> rows, std::size_t count,
              std::span<const double> dx);
void add_rows(CrossNormSums& sums, std::span<const double> rows_x, std::span<const double> rows_y,
              std::size_t count, std::span<const double> dx, std::span<const double> dy);

/// Sums seen from the same place add up.
void add(NormSums& into, const NormSums& from);
void add(CrossNormSums& into, const CrossNormSums& from);

}  // namespace livecca
