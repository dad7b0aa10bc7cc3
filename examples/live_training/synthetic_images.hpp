#pragma once

#include <cstddef>
#include <cstdint>

#include "image_set.hpp"

namespace live_training {

/// Makes images of ten textures: gratings of five orientations times two spatial frequencies. Each
/// image has its own phase, colour, contrast and place, noise, and a second, fainter grating that
/// means nothing.
///
/// The phase is uniform, so every class has the same mean image and a linear model stays at chance;
/// convolutions solve the task well. The classes are balanced and in random order. The same seed
/// gives the same images. Cost: about 50 µs an image.
ImageSet make_synthetic_images(std::size_t count, std::uint64_t seed);

/// Training and test images that do not overlap.
Dataset make_synthetic_dataset(std::size_t train_count, std::size_t test_count, std::uint64_t seed);

}  // namespace live_training
