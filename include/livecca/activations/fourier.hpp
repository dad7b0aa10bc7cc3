#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// One frequency of a discrete Fourier transform over a grid: periods along each axis, signed, from
/// −(extent − 1) / 2 to extent / 2; 0 where there is no axis.
///
/// Of real activations the coefficient at −k is the conjugate of that at k, so one of the two
/// stands for both: the one whose first index that is neither 0 nor the middle of an even extent,
/// in the order width, height, depth, is positive. It counts `multiplicity` times in a sum over all
/// frequencies: once if it is its own conjugate, twice otherwise.
struct Frequency {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t depth = 0;
  int multiplicity = 1;

  /// "(depth,height,width)"
  LIVECCA_EXPORT std::string text() const;
  friend bool operator==(const Frequency&, const Frequency&) = default;
};

/// One of each conjugate pair of a grid's frequencies, in a fixed order that begins with 0. Their
/// multiplicities sum to the number of positions.
LIVECCA_EXPORT std::vector<Frequency> half_spectrum(const Grid& grid);

/// The frequencies of half_spectrum() that two grids have in common, in the same order whichever
/// grid comes first. Along an axis of equal extent all of them; along another only those strictly
/// below half of the smaller extent, as an even extent's middle one mixes +k with −k. Their
/// multiplicities are the same in both grids.
LIVECCA_EXPORT std::vector<Frequency> common_frequencies(const Grid& a, const Grid& b);

/// The Fourier transform over the positions of every image and channel of a view, made once and
/// then read one frequency at a time:
///
///     coefficient(k) = 1/positions · Σ_x value(x) · exp(−2πi Σ_axis k_axis x_axis / extent_axis)
///
/// The division makes coefficients of unequal grids comparable: at frequency 0 it is the mean over
/// positions. Parseval: Σ_k multiplicity · |coefficient(k)|² is the mean square over positions.
///
/// All arithmetic is float64. A coefficient that the rounding of this transform alone could give
/// is 0, so that frequencies which the maps do not have are constant rather than noise; what
/// rounding of the values to their type may have added is the roundoff() of at(). Cost: images ·
/// channels · positions · log(positions), and about as many float64 numbers of memory as the view
/// has values, kept for the next transform(). A value that is not finite makes all coefficients of
/// its image and channel so.
///
/// Thread safety: none.
class LIVECCA_EXPORT Spectrum {
 public:
  Spectrum();
  ~Spectrum();
  Spectrum(Spectrum&&) noexcept;
  Spectrum& operator=(Spectrum&&) noexcept;

  /// Transforms a view of layout ncl, nchw, nhwc or ncdhw. Fails if the view does not fit it or the
  /// layout is another; there are then no images. Throws std::bad_alloc if the coefficients do not
  /// fit the memory.
  Result<void> transform(const ActivationView& view, Layout layout);

  std::size_t images() const;
  std::size_t channels() const;
  Grid grid() const;
  /// half_spectrum(grid()).
  const std::vector<Frequency>& frequencies() const;
  /// The coefficients at frequencies()[index]: images × 2·channels of layout nc in float64, the
  /// channels' real parts and then their imaginary parts. Good until the next transform().
  ActivationView at(std::size_t index) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca
