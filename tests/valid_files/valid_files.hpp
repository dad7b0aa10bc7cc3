#pragma once

#include <filesystem>

namespace livecca_tests {

// Small files of every kind that the library writes. Each call creates the folder if it is not
// there. Throws std::runtime_error if a file cannot be written.

void write_valid_moments(const std::filesystem::path& folder);

/// The packs have the same layers and 12 images of the same probe, so they can be compared.
void write_valid_packs(const std::filesystem::path& folder);

}  // namespace livecca_tests
