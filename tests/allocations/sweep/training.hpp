#pragma once

#include <cstdint>
#include <filesystem>

namespace livecca_tests {

/// How a training whose allocation failed ended, as far as its own process can tell.
enum class Ending : int {
  good = 0,
  threw = 3,  ///< a member of the monitor, on the training thread
};

struct SweptTraining {
  std::filesystem::path folder;  ///< for its run; must not exist
  bool synchronous = false;
  /// Which allocation fails, counted from 1 after the monitor was made and its taps watched; 0:
  /// none.
  std::uint64_t failing = 0;
};

/// Trains for a moment while a monitor watches both streams with a history and a sink.
/// `made` gets the number of allocations that could have failed.
Ending train(const SweptTraining& training, std::uint64_t& made);

}  // namespace livecca_tests
