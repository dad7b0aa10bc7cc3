#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "livecca/moments/panel_moments.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {

/// How a measure weighs the directions of a side.
enum class Weighing : std::uint8_t {
  alike,    ///< whitened: CCA
  leading,  ///< whitened, and only those that SVCCA keeps
  variance  ///< as they are: CKA
};

/// How much the positions of an image depend on each other in one tap: the mean of z_p · z_q over
/// images, for all pairs of positions p and q, where z are the rows as a measure weighs them,
/// scaled so that z_p · z_p has the mean 1. From up to 256 images and 16 rows of each. Neighbouring
/// positions of a large grid share a cell.
///
/// Immutable, so it may be used by many threads.
class PositionDependence {
 public:
  /// Null if an image gives one row, or if the rows cannot be read again. Cost: 16 · 256 rows times
  /// 64 directions.
  static std::shared_ptr<const PositionDependence> of(const TapMoments& tap,
                                                      const WhitenedTap& whitened);

  /// How many independent samples would let chance vary as much as the rows of this many images do.
  /// At least `images`, at most all rows. With C as above it is images · P² / Σ C_x[p, q] · C_y[p,
  /// q] for P positions (docs/decisions/0005). Of two taps whose positions differ: `images`.
  static double independent_samples(double images, const PositionDependence& x, Weighing weighing_x,
                                    const PositionDependence& y, Weighing weighing_y);

 private:
  static constexpr std::size_t weighings = 3;
  /// Sums over the images of one half of them, an entry for each pair of cells.
  struct Half {
    std::array<std::vector<double>, weighings> products;
    std::vector<double> counts;
  };

  PositionDependence(const TapMoments& tap, const WhitenedTap& whitened);
  bool read(const TapMoments& tap, const WhitenedTap& whitened);
  /// The mean of C_x · C_y over pairs of different positions of an image; empty if not known.
  static std::optional<double> common(const PositionDependence& x, Weighing weighing_x,
                                      const PositionDependence& y, Weighing weighing_y);

  Grid grid_;
  std::uint64_t images_ = 0;       ///< of the window
  std::uint64_t images_read_ = 0;  ///< of them
  double rows_per_image_ = 1;
  std::array<double, weighings> squares_{};  ///< the mean of z_p · z_p
  std::array<Half, 2> halves_;
};

}  // namespace livecca
