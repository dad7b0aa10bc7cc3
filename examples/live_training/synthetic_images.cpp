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
constexpr double lines_per_image = 3.0;
constexpr double ripples_per_image = 8.0;
constexpr double noise_amplitude = 60.0;

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

/// A plane wave of random phase, contrast and colour.
struct Wave {
  double along_x;
  double along_y;
  double phase;
  std::array<double, image_channels> colour;

  double angle_at(std::size_t x, std::size_t y) const {
    return along_x * static_cast<double>(x) + along_y * static_cast<double>(y) + phase;
  }
};

Wave make_wave(Dice& dice, std::size_t orientation, double waves_per_image, double amplitude) {
  const double direction = std::numbers::pi / orientation_count *
                           (static_cast<double>(orientation) + dice.uniform(-0.35, 0.35));
  const double frequency =
      2.0 * std::numbers::pi * waves_per_image * dice.uniform(0.95, 1.05) / image_side;
  Wave wave{};
  wave.along_x = frequency * std::cos(direction);
  wave.along_y = frequency * std::sin(direction);
  wave.phase = dice.uniform(0.0, 2.0 * std::numbers::pi);
  const double contrast = amplitude * dice.uniform(0.7, 1.0);
  for (double& channel : wave.colour) channel = contrast * dice.uniform(0.4, 1.0);
  return wave;
}

/// The class is a relation, not a content: the angle between lines and ripples (five), and whether
/// the lines are bright or dark. Every orientation is as frequent in every class.
void draw(Dice& dice, std::size_t label, std::uint8_t* pixels) {
  const std::size_t orientation = dice.below(orientation_count);
  const double polarity = label < orientation_count ? 1.0 : -1.0;
  const Wave lines = make_wave(dice, orientation, lines_per_image, 30.0);
  const Wave ripples =
      make_wave(dice, (orientation + label) % orientation_count, ripples_per_image, 30.0);
  for (std::size_t y = 0; y < image_side; ++y) {
    for (std::size_t x = 0; x < image_side; ++x) {
      const double line_angle = lines.angle_at(x, y);
      // The second harmonic makes narrow peaks of one sign; either sign has the same spectrum.
      const double line = std::cos(line_angle) + polarity * 0.7 * std::cos(2.0 * line_angle);
      const double ripple = std::cos(ripples.angle_at(x, y));
      for (std::size_t channel = 0; channel < image_channels; ++channel) {
        const double value = 127.5 + line * lines.colour[channel] +
                             ripple * ripples.colour[channel] +
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
