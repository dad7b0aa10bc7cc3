#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace live_training {

inline constexpr std::size_t image_channels = 3;
inline constexpr std::size_t image_side = 32;
inline constexpr std::size_t image_bytes = image_channels * image_side * image_side;
inline constexpr std::size_t class_count = 10;

/// Labelled images as CIFAR-10 stores them: 3 × 32 × 32 bytes each, channel by channel, one image
/// after the other.
struct ImageSet {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
  /// Drops all images after the first `count`.
  void keep_first(std::size_t count) {
    if (count < size()) {
      labels.resize(count);
      pixels.resize(count * image_bytes);
    }
  }
};

/// What a network learns from and what it is judged by.
struct Dataset {
  ImageSet train;
  ImageSet test;
  /// A mirrored image belongs to the same class, so training may mirror at random.
  bool mirror_symmetric = false;
};

}  // namespace live_training
