#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/fourier.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel.hpp"

namespace livecca {

/// A convolution layer in a panel. It has one tap for each frequency of the Fourier transform over
/// its positions. Each image is one sample of every tap. Taps are named `layer@f(ky,kx)`, with as
/// many indices as the layout has axes of positions.
///
/// A tap's features are the real parts a = Re z and the imaginary parts b = Im z of its
/// coefficients z. Let M be the scatter of a tap or the product of a pair, in the blocks aa, ab, ba
/// and bb. Then the Hermitian moments of a tap are
///
///     Σ z zᴴ = (M_aa + M_bb) + i·(M_ba − M_ab)
///
/// where z is centred. The product of a pair gives Σ z_x z_yᴴ in the same way.
///
/// Thread safety: none; one thread feeds a panel.
class LIVECCA_EXPORT FourierTaps {
 public:
  /// Adds the taps to a panel. `shape` is the shape of the views. With `other`, the layer gets only
  /// the frequencies that its grid has in common with the grid `other`. Use this if the layer is
  /// only paired with a layer of that grid. Throws Error as Panel::add_tap(), and on a layout
  /// without positions. The panel is then unchanged.
  FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape);
  FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape,
              const Grid& other);

  /// Transforms a view and observes it in all taps. If the view has another shape, every tap leaves
  /// with a Fault. Throws Error as Panel::Step::observe().
  void observe(Panel::Step& step, const ActivationView& view);

  const Grid& grid() const { return grid_; }
  const std::vector<Frequency>& frequencies() const { return frequencies_; }
  /// The index of each frequency's tap in the panel, in the order of frequencies().
  const std::vector<std::size_t>& taps() const { return taps_; }

  /// The pair of two layers' taps at one frequency, by its index in the panel.
  struct PairAtFrequency {
    Frequency frequency;
    std::size_t pair;
  };

 private:
  FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape,
              std::vector<Frequency> frequencies);

  /// Fails if the view does not have the layer's shape.
  Result<void> transform(const ActivationView& view);

  Layout layout_;
  std::size_t channels_;
  Grid grid_;
  std::vector<Frequency> frequencies_;
  std::vector<std::size_t> taps_;
  std::vector<std::size_t> places_;  ///< the index of each frequency in the spectrum
  Spectrum spectrum_;
};

/// Pairs two layers of a panel at the frequencies that both have in common; see
/// common_frequencies(). Throws Error as Panel::add_pair().
LIVECCA_EXPORT std::vector<FourierTaps::PairAtFrequency> add_pairs(Panel& panel,
                                                                   const FourierTaps& x,
                                                                   const FourierTaps& y);

}  // namespace livecca
