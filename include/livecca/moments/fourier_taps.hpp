#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/fourier.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel.hpp"

namespace livecca {

/// A convolution's layer in a panel, one tap a frequency of the Fourier transform over its
/// positions: an image is one sample of each. Taps are named `layer@f(ky,kx)`, with as many indices
/// as the layout has axes of positions.
///
/// A tap's moments are those of the real and imaginary parts, real vectors a = Re z and b = Im z.
/// With M the scatter or product in blocks, the Hermitian moments are
///
///     Σ z zᴴ = (M_aa + M_bb) + i·(M_ba − M_ab)
///
/// where z is the centred vector. The product of a pair gives Σ z_x z_yᴴ in the same way.
///
/// Thread safety: none; one thread feeds a panel.
class LIVECCA_EXPORT FourierTaps {
 public:
  /// Adds the taps to a panel. `shape` is of the views; frequencies() are those of its grid, or
  /// only those that it has in common with the grid `other`, where the layer is to be paired with
  /// one of that grid. Throws Error as Panel::add_tap() and on a layout without positions; the
  /// panel is then as it was.
  FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape);
  FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape,
              const Grid& other);

  /// Transforms a view once and observes it in all taps. A view of another shape is a Fault of each
  /// of them. Throws Error as Panel::Step::observe().
  void observe(Panel::Step& step, const ActivationView& view);

  const Grid& grid() const { return grid_; }
  const std::vector<Frequency>& frequencies() const { return frequencies_; }
  /// The panel's tap of each frequency.
  const std::vector<std::size_t>& taps() const { return taps_; }

  /// A pair of a panel, of the taps at one frequency.
  struct PairAtFrequency {
    Frequency frequency;
    std::size_t pair;
  };

 private:
  FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape,
              std::vector<Frequency> frequencies);

  /// Fails if the view is not of the layer's shape.
  Result<void> transform(const ActivationView& view);

  Layout layout_;
  std::size_t channels_;
  Grid grid_;
  std::vector<Frequency> frequencies_;
  std::vector<std::size_t> taps_;
  std::vector<std::size_t> places_;  ///< of the frequencies in the spectrum
  Spectrum spectrum_;
};

/// Pairs two layers of a panel at the frequencies that both grids have in common, see
/// common_frequencies(). Throws Error as Panel::add_pair().
LIVECCA_EXPORT std::vector<FourierTaps::PairAtFrequency> add_pairs(Panel& panel,
                                                                   const FourierTaps& x,
                                                                   const FourierTaps& y);

}  // namespace livecca
