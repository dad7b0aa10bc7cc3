#pragma once

#include <filesystem>
#include <stdexcept>

#include "image_set.hpp"

namespace live_training {

/// The data on disk is not what was expected; the message is one line that names the file.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads one file of CIFAR-10's binary format: records of one label byte (0 to 9) and 3,072 pixel
/// bytes. Throws DataError.
ImageSet read_cifar10_file(const std::filesystem::path& file);

/// Reads a folder with data_batch_*.bin (as many as there are, in the order of their names) and
/// test_batch.bin. Throws DataError.
Dataset read_cifar10(const std::filesystem::path& folder);

}  // namespace live_training
