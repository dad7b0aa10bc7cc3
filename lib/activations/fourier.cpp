#include "livecca/activations/fourier.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <cstdlib>
#include <new>
#include <unsupported/Eigen/FFT>

#include "activations/element_type.hpp"
#include "activations/layout_axes.hpp"
#include "common/enum_names.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

using Complex = std::complex<double>;

std::int64_t signed_index(std::size_t index, std::size_t extent) {
  const auto place = static_cast<std::int64_t>(index);
  return index <= extent / 2 ? place : place - static_cast<std::int64_t>(extent);
}

/// 1 or −1 if this index tells a frequency from its conjugate, else 0.
int side_of(std::int64_t index, std::size_t extent) {
  if (index == 0 || 2 * index == static_cast<std::int64_t>(extent)) return 0;
  return index > 0 ? 1 : -1;
}

/// Which of a conjugate pair a frequency is; 0 if it is its own conjugate.
int side_of(const Frequency& frequency, const Grid& grid) {
  if (const int side = side_of(frequency.width, grid.width); side != 0) return side;
  if (const int side = side_of(frequency.height, grid.height); side != 0) return side;
  return side_of(frequency.depth, grid.depth);
}

std::size_t place_of(std::int64_t index, std::size_t extent) {
  return static_cast<std::size_t>(index < 0 ? index + static_cast<std::int64_t>(extent) : index);
}

}  // namespace

std::string Frequency::text() const {
  return "(" + std::to_string(depth) + "," + std::to_string(height) + "," + std::to_string(width) +
         ")";
}

std::vector<Frequency> half_spectrum(const Grid& grid) {
  std::vector<Frequency> frequencies;
  frequencies.reserve(grid.depth * grid.height * (grid.width / 2 + 1));
  for (std::size_t d = 0; d < grid.depth; ++d) {
    for (std::size_t h = 0; h < grid.height; ++h) {
      // The others have a negative width.
      for (std::size_t w = 0; w <= grid.width / 2; ++w) {
        Frequency frequency{.height = signed_index(h, grid.height),
                            .width = signed_index(w, grid.width),
                            .depth = signed_index(d, grid.depth)};
        const int side = side_of(frequency, grid);
        if (side < 0) continue;
        frequency.multiplicity = side == 0 ? 1 : 2;
        frequencies.push_back(frequency);
      }
    }
  }
  return frequencies;
}

std::vector<Frequency> common_frequencies(const Grid& a, const Grid& b) {
  const auto in_both = [](std::int64_t index, std::size_t extent_a, std::size_t extent_b) {
    if (extent_a == extent_b) return true;
    return 2 * std::abs(index) < static_cast<std::int64_t>(std::min(extent_a, extent_b));
  };
  std::vector<Frequency> frequencies = half_spectrum(a);
  std::erase_if(frequencies, [&](const Frequency& frequency) {
    return !in_both(frequency.depth, a.depth, b.depth) ||
           !in_both(frequency.height, a.height, b.height) ||
           !in_both(frequency.width, a.width, b.width);
  });
  return frequencies;
}

struct Spectrum::State {
  State() { fft.SetFlag(Eigen::FFT<double>::HalfSpectrum); }

  void set_shape(const ActivationShape& seen);
  template <typename Element>
  void load_channel(const std::byte* from, const Addresses& at);
  void transform_channel();
  void transform_lines(std::size_t first, std::size_t extent, std::size_t stride);
  void store_channel(std::size_t image, std::size_t channel);
  double rounding_of_transform() const;
  void find_roundoffs(double roundoff);

  /// Columns of the half that a real transform along the width gives.
  std::size_t half_width() const { return shape.grid.width / 2 + 1; }

  Eigen::FFT<double> fft;
  ActivationShape shape;
  std::vector<Frequency> frequencies;
  std::vector<std::size_t> places;   ///< of the frequencies in `half`
  std::vector<double> values;        ///< of a channel: depth × height × width
  std::vector<Complex> half;         ///< its transform: depth × height × half_width()
  std::vector<Complex> line;         ///< along the height or the depth
  std::vector<Complex> line_after;   ///< its transform
  std::vector<double> coefficients;  ///< frequencies × images × 2·channels
  std::vector<double> roundoffs;     ///< of the coefficients at each frequency
  std::vector<double> powers;        ///< of a frequency, or of all: Σ |coefficient|² a channel
  std::vector<double> total_powers;
  std::vector<double> ratios;
};

void Spectrum::State::set_shape(const ActivationShape& seen) {
  const Grid& grid = seen.grid;
  if (frequencies.empty() || shape.grid != grid) {
    frequencies.clear();  // if memory runs out below, nothing is half made
    shape = seen;
    std::vector<Frequency> spectrum = half_spectrum(grid);
    places.clear();
    for (const Frequency& k : spectrum) {
      const std::size_t row =
          place_of(k.depth, grid.depth) * grid.height + place_of(k.height, grid.height);
      places.push_back(row * half_width() + place_of(k.width, grid.width));
    }
    values.resize(grid.size());
    half.resize(grid.depth * grid.height * half_width());
    line.resize(std::max(grid.depth, grid.height));
    line_after.resize(line.size());
    frequencies = std::move(spectrum);
  }
  std::size_t count = 0;
  if (__builtin_mul_overflow(frequencies.size(), seen.images, &count) ||
      __builtin_mul_overflow(count, 2 * seen.features, &count)) {
    throw std::bad_alloc();
  }
  coefficients.resize(count);
  roundoffs.resize(frequencies.size());
  shape = seen;
}

template <typename Element>
void Spectrum::State::load_channel(const std::byte* from, const Addresses& at) {
  constexpr auto size = static_cast<std::int64_t>(sizeof(Element));
  const std::size_t width = shape.grid.width;
  for (std::size_t first = 0; first < values.size(); first += width) {
    const std::byte* row = from + at.of_position(first, shape.grid) * size;
    for (std::size_t w = 0; w < width; ++w, row += at.width * size) {
      values[first + w] = static_cast<double>(load<Element>(row));
    }
  }
}

void Spectrum::State::transform_channel() {
  const Grid& grid = shape.grid;
  const std::size_t rows = grid.depth * grid.height;
  for (std::size_t row = 0; row < rows; ++row) {
    Complex* to = half.data() + row * half_width();
    const double* from = values.data() + row * grid.width;
    if (grid.width == 1) {
      *to = *from;
    } else {
      fft.fwd(to, from, static_cast<Eigen::Index>(grid.width));
    }
  }
  for (std::size_t d = 0; d < grid.depth && grid.height > 1; ++d) {
    for (std::size_t w = 0; w < half_width(); ++w) {
      transform_lines(d * grid.height * half_width() + w, grid.height, half_width());
    }
  }
  for (std::size_t first = 0; first < grid.height * half_width() && grid.depth > 1; ++first) {
    transform_lines(first, grid.depth, grid.height * half_width());
  }
}

void Spectrum::State::transform_lines(std::size_t first, std::size_t extent, std::size_t stride) {
  for (std::size_t i = 0; i < extent; ++i) line[i] = half[first + i * stride];
  fft.fwd(line_after.data(), line.data(), static_cast<Eigen::Index>(extent));
  for (std::size_t i = 0; i < extent; ++i) half[first + i * stride] = line_after[i];
}

/// What float64 rounding in the transform may leave in any coefficient, with a margin: about
/// roundoff · value / √positions.
double Spectrum::State::rounding_of_transform() const {
  constexpr double margin = 16;
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return margin * roundoff_of(DType::float64) * largest /
         std::sqrt(static_cast<double>(values.size()));
}

void Spectrum::State::store_channel(std::size_t image, std::size_t channel) {
  const double rounding = rounding_of_transform();
  const auto positions = static_cast<double>(shape.grid.size());
  const std::size_t channels = shape.features;
  for (std::size_t f = 0; f < frequencies.size(); ++f) {
    Complex value = half[places[f]] / positions;
    if (std::abs(value) < rounding) value = 0;  // never where it is NaN
    double* row = coefficients.data() + (f * shape.images + image) * 2 * channels;
    row[channel] = value.real();
    // Its own conjugate is real: rounding is kept out, so that the parts that vary are those.
    row[channels + channel] = frequencies[f].multiplicity == 1 ? 0 : value.imag();
  }
}

/// Rounding adds as much to every coefficient, be it large or small: relative to those at a
/// frequency it is more the less of the maps is there. By Parseval the mean square over positions
/// is the sum over frequencies. Of the channels the median, as one on a large offset says nothing
/// of the others.
void Spectrum::State::find_roundoffs(double roundoff) {
  const std::size_t channels = shape.features;
  const auto positions = static_cast<double>(shape.grid.size());
  const auto add_powers = [&](std::size_t f, double times, std::vector<double>& sums) {
    const double* row = coefficients.data() + f * shape.images * 2 * channels;
    for (std::size_t image = 0; image < shape.images; ++image, row += 2 * channels) {
      for (std::size_t c = 0; c < channels; ++c) {
        const double power = row[c] * row[c] + row[channels + c] * row[channels + c];
        if (std::isfinite(power)) sums[c] += times * power;
      }
    }
  };
  total_powers.assign(channels, 0.0);
  for (std::size_t f = 0; f < frequencies.size(); ++f) {
    add_powers(f, frequencies[f].multiplicity, total_powers);
  }
  ratios.resize(channels);
  for (std::size_t f = 0; f < frequencies.size(); ++f) {
    powers.assign(channels, 0.0);
    add_powers(f, 1, powers);
    for (std::size_t c = 0; c < channels; ++c) {
      ratios[c] = powers[c] > 0 ? total_powers[c] / powers[c] / positions : 0;
    }
    const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(channels / 2);
    std::nth_element(ratios.begin(), middle, ratios.end());
    roundoffs[f] = std::min(1.0, roundoff * std::sqrt(*middle));
  }
}

Spectrum::Spectrum() : state_(std::make_unique<State>()) {}
Spectrum::~Spectrum() = default;
Spectrum::Spectrum(Spectrum&&) noexcept = default;
Spectrum& Spectrum::operator=(Spectrum&&) noexcept = default;

Result<void> Spectrum::transform(const ActivationView& view, Layout layout) {
  State& state = *state_;
  state.shape.images = 0;  // whatever happens below
  if (!has_positions(layout)) {
    return Failure{"expected a layout with positions to transform over (" +
                   enum_names<Layout>(has_positions, ", ") + "), got " + name_of(layout)};
  }
  const auto seen = read_shape(view, layout);
  if (!seen) return Failure{seen.why()};
  const ActivationShape& shape = *seen;
  state.set_shape(shape);
  const Addresses at = addresses_of(view, layout);
  with_element_type(view.dtype(), [&](auto zero) {
    using Element = decltype(zero);
    const auto* data = static_cast<const std::byte*>(view.data());
    for (std::size_t image = 0; image < shape.images; ++image) {
      for (std::size_t channel = 0; channel < shape.features; ++channel) {
        const std::int64_t offset = static_cast<std::int64_t>(image) * at.image +
                                    static_cast<std::int64_t>(channel) * at.feature;
        state.load_channel<Element>(data + offset * static_cast<std::int64_t>(sizeof(Element)), at);
        state.transform_channel();
        state.store_channel(image, channel);
      }
    }
  });
  state.find_roundoffs(view.roundoff());
  return {};
}

std::size_t Spectrum::images() const { return state_->shape.images; }
std::size_t Spectrum::channels() const { return state_->shape.features; }
Grid Spectrum::grid() const { return state_->shape.grid; }
const std::vector<Frequency>& Spectrum::frequencies() const { return state_->frequencies; }

ActivationView Spectrum::at(std::size_t index) const {
  const State& state = *state_;
  if (index >= state.frequencies.size()) {
    throw Error("spectrum: expected a frequency below " + std::to_string(state.frequencies.size()) +
                ", got " + std::to_string(index));
  }
  const std::size_t width = 2 * state.shape.features;
  const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(state.shape.images),
                                          static_cast<std::int64_t>(width)};
  return ActivationView(state.coefficients.data() + index * state.shape.images * width,
                        DType::float64, shape)
      .with_roundoff(state.roundoffs[index]);
}

}  // namespace livecca
