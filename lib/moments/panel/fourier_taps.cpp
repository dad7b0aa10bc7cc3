#include "livecca/moments/fourier_taps.hpp"

#include <algorithm>

#include "activations/layout_axes.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

std::size_t place_in(const std::vector<Frequency>& frequencies, const Frequency& frequency) {
  return static_cast<std::size_t>(std::ranges::find(frequencies, frequency) - frequencies.begin());
}

TapName name_at(const TapName& name, Layout layout, const Frequency& frequency) {
  const LayoutAxes axes = axes_of(layout);
  std::string indices = std::to_string(frequency.width);
  if (axes.height != LayoutAxes::none) indices = std::to_string(frequency.height) + "," + indices;
  if (axes.depth != LayoutAxes::none) indices = std::to_string(frequency.depth) + "," + indices;
  return {name.network, name.layer + "@f(" + indices + ")"};
}

}  // namespace

FourierTaps::FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape)
    : FourierTaps(panel, name, layout, shape, half_spectrum(shape.grid)) {}

FourierTaps::FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape,
                         const Grid& other)
    : FourierTaps(panel, name, layout, shape, common_frequencies(shape.grid, other)) {}

FourierTaps::FourierTaps(Panel& panel, const TapName& name, Layout layout, const TapShape& shape,
                         std::vector<Frequency> frequencies)
    : layout_(layout),
      channels_(shape.features),
      grid_(shape.grid),
      frequencies_(std::move(frequencies)) {
  if (!has_positions(layout)) {
    throw Error(name.text() + ": expected a layout with positions to transform over, got " +
                name_of(layout));
  }
  const std::vector<Frequency> spectrum = half_spectrum(grid_);
  const TapShape shape_of_tap{.features = 2 * channels_, .grid = {}, .dtype = DType::float64};
  try {
    for (const Frequency& frequency : frequencies_) {
      places_.push_back(place_in(spectrum, frequency));
      taps_.push_back(
          panel.add_frequency_tap(name_at(name, layout, frequency), frequency, shape_of_tap));
    }
  } catch (...) {
    for (std::size_t added = taps_.size(); added > 0; --added) panel.remove_last_tap();
    throw;
  }
}

Result<void> FourierTaps::transform(const ActivationView& view) {
  const auto seen = read_shape(view, layout_);
  if (!seen) return Failure{seen.why()};
  const auto text = [](std::size_t channels, const Grid& grid) {
    return std::to_string(channels) + " features on " + grid.text() + " positions";
  };
  if (seen->features != channels_ || seen->grid != grid_) {
    return Failure{"expected " + text(channels_, grid_) + " as declared, got " +
                   text(seen->features, seen->grid)};
  }
  return spectrum_.transform(view, layout_);
}

void FourierTaps::observe(Panel::Step& step, const ActivationView& view) {
  const auto transformed = transform(view);
  for (std::size_t i = 0; i < taps_.size(); ++i) {
    if (transformed) {
      step.observe(taps_[i], spectrum_.at(places_[i]));
    } else {
      step.refuse(taps_[i], transformed.why());
    }
  }
}

std::vector<FourierTaps::PairAtFrequency> add_pairs(Panel& panel, const FourierTaps& x,
                                                    const FourierTaps& y) {
  std::vector<FourierTaps::PairAtFrequency> pairs;
  for (const Frequency& frequency : common_frequencies(x.grid(), y.grid())) {
    const std::size_t in_x = place_in(x.frequencies(), frequency);
    const std::size_t in_y = place_in(y.frequencies(), frequency);
    // A layer may hold fewer frequencies than its grid has.
    if (in_x == x.taps().size() || in_y == y.taps().size()) continue;
    pairs.push_back({frequency, panel.add_pair(x.taps()[in_x], y.taps()[in_y])});
  }
  return pairs;
}

}  // namespace livecca
