#pragma once

#include <span>

#include "measures/numbers.hpp"

namespace livecca {

/// Two sides that know nothing of each other.
struct UnrelatedSides {
  /// The shares of a side's variance that its principal directions have, descending, above 0.
  std::span<const double> shares_x;
  std::span<const double> shares_y;
  double samples = 0;  ///< effective ones
  Numbers numbers = Numbers::real;
  /// Rows have unequal weights: the effective samples are then fewer than the directions that rows
  /// can have.
  bool weighted = false;
};

struct NuclearNormChance {
  double mean = 1;
  double deviation = 0;
  /// The part of the mean that hardly varies, where a few directions vary by much more than all
  /// others. What is above it has the law of the length of a random vector.
  double steady = 0;
};

/// The law of ‖Sxy‖_* / √(tr Sxx · tr Syy), which is in [0, 1], over unrelated sides: one side is
/// fixed, and the directions of the other are uniformly distributed.
///
/// Sxy is then Λx^½ B Λy^½, with B a block of a random orthogonal matrix of n − 1 rows. For many
/// neurons the singular values σ follow the free product of both spectra, and the next term of the
/// expansion in 1/neurons is known, too. All is found from Σ log(1 + σ²/t²), as ∫ of that over t is
/// π Σ σ. See docs/decisions/0005-floors.md for how exact it is.
///
/// If n − 1 is less than a side's rank, which rounding can do, its smallest directions are left
/// out. Weighted rows are taken for a B of independent Gaussian numbers of variance 1/(n − 1).
///
/// A pure function. Cost: about 100 · (p + q) divisions, 0.1 ms for 512 features. Sources:
/// Voiculescu 1987 and Biane 1998 for the limit; Collins, Mingo, Śniady, Speicher 2007, "Second
/// order freeness III", for deviations.
NuclearNormChance nuclear_norm_chance(const UnrelatedSides& sides);

}  // namespace livecca
