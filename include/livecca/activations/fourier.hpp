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

/// One frequency of a discrete Fourier transform over a grid: the periods along each axis, from
/// −(extent − 1) / 2 to extent / 2. 0 along an axis that the grid does not have.
///
/// For real activations, the coefficient at −k is the conjugate of the coefficient at k. So one of
/// the two stands for both. To choose it, take the indices in the order width, height, depth, and
/// skip those that are 0 or the middle of an even extent. The first remaining index of the chosen
/// frequency is positive: (height 1, width −2) is represented by (−1, 2). `multiplicity` says how
/// many times the frequency counts in a sum over all frequencies: 1 if it is its own conjugate,
/// otherwise 2.
struct Frequency {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t depth = 0;
  int multiplicity = 1;

  /// "(depth,height,width)"
  LIVECCA_EXPORT std::string text() const;
  friend bool operator==(const Frequency&, const Frequency&) = default;
};

/// The frequencies of a grid, with one of each conjugate pair. Their order is fixed and begins with
/// frequency 0. Their multiplicities sum to the number of positions.
LIVECCA_EXPORT std::vector<Frequency> half_spectrum(const Grid& grid);

/// The frequencies of half_spectrum() that both grids have. Both orders of the arguments give the
/// same result. If the extents of an axis are equal, all its frequencies are common. Otherwise only
/// the frequencies strictly below half of the smaller extent are, because the middle frequency of
/// an even extent mixes +k with −k. The multiplicities are the same in both grids.
LIVECCA_EXPORT std::vector<Frequency> common_frequencies(const Grid& a, const Grid& b);

/// The Fourier transform over the positions of a view, for every image and channel. It is computed
/// once by transform() and then read one frequency at a time:
///
///     coefficient(k) = 1/positions · Σ_x value(x) · exp(−2πi Σ_axis k_axis x_axis / extent_axis)
///
/// The division by the number of positions makes coefficients of different grids comparable. The
/// coefficient at frequency 0 is the mean over positions. Parseval: Σ_k multiplicity ·
/// |coefficient(k)|² is the mean square over positions.
///
/// All arithmetic is float64. Coefficients within this transform's rounding error are set to 0. So
/// a frequency that the activations do not contain is constant and not noise. The view that at()
/// returns has a roundoff() that accounts for the rounding of the activations to their type. If a
/// value is not finite, no coefficient of its image and channel is finite.
///
/// Cost: images · channels · positions · log(positions). Memory: about as many float64 numbers as
/// the view has values. It is kept for the next transform().
///
/// Thread safety: none.
class LIVECCA_EXPORT Spectrum {
 public:
  Spectrum();
  ~Spectrum();
  Spectrum(Spectrum&&) noexcept;
  Spectrum& operator=(Spectrum&&) noexcept;

  /// Transforms a view of layout ncl, nchw, nhwc or ncdhw. Fails on another layout, or if the view
  /// does not fit the layout. There are then no images. Throws std::bad_alloc if memory is too
  /// small for the coefficients.
  Result<void> transform(const ActivationView& view, Layout layout);

  std::size_t images() const;
  std::size_t channels() const;
  Grid grid() const;
  /// The same as half_spectrum(grid()).
  const std::vector<Frequency>& frequencies() const;
  /// The coefficients at frequencies()[index], as a float64 view of layout nc: images × 2·channels.
  /// The real parts of all channels come first, then the imaginary parts. Valid until the next
  /// transform(). Throws Error if the index is too large.
  ActivationView at(std::size_t index) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca
