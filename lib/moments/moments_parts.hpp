#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// The parts of an accumulator, alike for a tap and a pair, so that updates, merges and files have
/// one path for both. Of a tap both means are the same object and only the product's lower triangle
/// counts.
struct MomentsParts {
  bool is_tap;
  const MomentsOptions& options;
  SampleWeights& weights;
  Precision& precision;
  ShiftedMean& mean_x;
  ShiftedMean& mean_y;
  std::vector<double>& product;
  std::optional<NormSums>* norms;             ///< null for a pair
  std::optional<CrossNormSums>* cross_norms;  ///< null for a tap
  std::optional<double>* squared_difference;  ///< null for a tap
  double* roundoff;                           ///< null for a pair
  std::uint64_t* version;                     ///< null for a pair

  bool has_norms() const { return is_tap ? norms->has_value() : cross_norms->has_value(); }
  bool has_difference() const { return squared_difference != nullptr && *squared_difference; }
  void drop_norms();
  /// Zeroes, with norm sums again if they were asked for.
  void reset();
  void decay(double factor);
  /// To be called with every change: gives a new version.
  void mark_changed();
};

class MomentsAccess {
 public:
  static MomentsParts parts_of(Moments& moments);
  static MomentsParts parts_of(CrossMoments& moments);
};

/// Chan, Golub, LeVeque (1983): merging rows of weight n with rows of weight m adds the outer
/// product of the difference of their means, times this.
double merge_weight(double n, double m);

/// batch − mean, feature by feature.
void subtract(const ShiftedMean& batch, const ShiftedMean& mean, std::span<double> delta);

/// What merging rows adds to the squared difference of the sides: ‖delta_x − delta_y‖², to be times
/// merge_weight(). Both have as many features.
double squared_difference_of(std::span<const double> delta_x, std::span<const double> delta_y);

/// Moves a mean of rows that weigh n on to the mean with rows that weigh m, `delta` away.
void advance(ShiftedMean& mean, double n, const ShiftedMean& batch, std::span<const double> delta,
             double m);

/// Adds what another accumulator saw. Throws Error if the features differ.
void merge_parts(MomentsParts into, const MomentsParts& from);

void expect_features(std::size_t expected, std::size_t got);

}  // namespace livecca
