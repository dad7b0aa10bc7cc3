#pragma once

#include <cstddef>
#include <cstdint>

#include "image_set.hpp"

namespace live_training {

/// Makes images of broad lines under fine ripples, in noise. The class says how the two relate: the
/// angle between them (five), and whether the lines are bright or dark. Orientation, phases,
/// colours and contrasts are each image's own.
///
/// Every class has the same mean image and the same covariances between pixels, so a linear model
/// stays at chance; convolutions solve the task well. The classes are balanced and in random order.
/// The same seed gives the same images. Cost: about 0.1 ms an image.
ImageSet make_synthetic_images(std::size_t count, std::uint64_t seed);

/// Training and test images that do not overlap.
Dataset make_synthetic_dataset(std::size_t train_count, std::size_t test_count, std::uint64_t seed);

}  // namespace live_training
