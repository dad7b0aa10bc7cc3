#include "synthetic_images.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <utility>

namespace live_training {
namespace {

constexpr std::size_t orientation_count = 5;
constexpr std::array<double, 2> cycles_per_image = {4.0, 7.0};
constexpr double noise_amplitude = 30.0;

/// Uniform numbers straight from the engine's bits: the standard's distributions differ between
/// standard libraries, and the images should not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

 private:
  std::mt19937_64 engine_;
};

/// A wave under a soft round window, in a colour of its own.
struct Grating {
  double wave_x;
  double wave_y;
  double phase;
  double centre_x;
  double centre_y;
  std::array<double, image_channels> colour;

  double at(double x, double y) const {
    const double dx = x - centre_x;
    const double dy = y - centre_y;
    constexpr double width = 0.35 * image_side;
    const double window = std::exp(-(dx * dx + dy * dy) / (2.0 * width * width));
    return window * std::cos(wave_x * x + wave_y * y + phase);
  }
};

Grating make_grating(Dice& dice, double angle, double cycles, double amplitude) {
  const double wave = 2.0 * std::numbers::pi * cycles / image_side;
  Grating grating{};
  grating.wave_x = wave * std::cos(angle);
  grating.wave_y = wave * std::sin(angle);
  grating.phase = dice.uniform(0.0, 2.0 * std::numbers::pi);
  grating.centre_x = dice.uniform(0.3, 0.7) * image_side;
  grating.centre_y = dice.uniform(0.3, 0.7) * image_side;
  for (double& channel : grating.colour) channel = amplitude * dice.uniform(-1.0, 1.0);
  return grating;
}

void draw(Dice& dice, std::size_t label, std::uint8_t* pixels) {
  const double step = std::numbers::pi / orientation_count;
  const double angle =
      step * (static_cast<double>(label % orientation_count) + dice.uniform(-0.35, 0.35));
  const double cycles = cycles_per_image[label / orientation_count] * dice.uniform(0.9, 1.1);
  const Grating signal = make_grating(dice, angle, cycles, dice.uniform(60.0, 120.0));
  const Grating distractor = make_grating(dice, dice.uniform(0.0, std::numbers::pi),
                                          dice.uniform(1.0, 10.0), dice.uniform(20.0, 70.0));
  for (std::size_t y = 0; y < image_side; ++y) {
    for (std::size_t x = 0; x < image_side; ++x) {
      const double wave = signal.at(static_cast<double>(x), static_cast<double>(y));
      const double other = distractor.at(static_cast<double>(x), static_cast<double>(y));
      for (std::size_t channel = 0; channel < image_channels; ++channel) {
        const double value = 127.5 + wave * signal.colour[channel] +
                             other * distractor.colour[channel] +
                             dice.uniform(-noise_amplitude, noise_amplitude);
        pixels[(channel * image_side + y) * image_side + x] =
            static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
      }
    }
  }
}

}  // namespace

ImageSet make_synthetic_images(std::size_t count, std::uint64_t seed) {
  Dice dice(seed);
  ImageSet set;
  set.labels.resize(count);
  set.pixels.resize(count * image_bytes);
  for (std::size_t image = 0; image < count; ++image) {
    set.labels[image] = static_cast<std::uint8_t>(image % class_count);
  }
  for (std::size_t left = count; left > 1; --left) {
    std::swap(set.labels[left - 1], set.labels[dice.below(left)]);
  }
  for (std::size_t image = 0; image < count; ++image) {
    draw(dice, set.labels[image], set.pixels.data() + image * image_bytes);
  }
  return set;
}

Dataset make_synthetic_dataset(std::size_t train_count, std::size_t test_count,
                               std::uint64_t seed) {
  Dataset data;
  // Seeds 2k and 2k + 1: no two data sets share a stream.
  data.train = make_synthetic_images(train_count, 2 * seed);
  data.test = make_synthetic_images(test_count, 2 * seed + 1);
  return data;
}

}  // namespace live_training
