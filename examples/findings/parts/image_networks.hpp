#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cores.hpp"  // for those who train them
#include "settings.hpp"
#include "training.hpp"

namespace findings {

/// Images to train on and to compare layers on.
struct ImageData {
  live_training::TensorSet train;
  live_training::TensorSet test;
  bool mirror = false;               ///< a mirrored image belongs to the same class
  std::string text;                  ///< one line about them
  std::vector<std::string> classes;  ///< their names, by label
};

/// CIFAR-10 from settings.data, or made images; of the training images at most so many. Throws
/// live_training::DataError.
ImageData image_data(const Settings& settings, std::size_t most_images);

}  // namespace findings
