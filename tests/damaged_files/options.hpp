#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace livecca_tests {

struct SweepOptions {
  std::filesystem::path folder;  ///< of the valid files, and of those that were read wrongly
  std::size_t count = 3000;      ///< of each kind
  std::uint64_t seed = 1;
  std::string kind{};     ///< only this one; empty: all
  std::size_t index = 0;  ///< with is_here: of the damaged file
  bool is_here = false;   ///< read one file in this process, for a debugger
};

/// Throws std::runtime_error if they make no sense.
SweepOptions sweep_options(int argc, char** argv);

}  // namespace livecca_tests
