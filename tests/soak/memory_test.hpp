#pragma once

#include <cstdint>
#include <filesystem>

namespace livecca_soak {

struct MemoryOptions {
  std::uint64_t steps = 200'000;  ///< train steps that are to be accumulated
  std::uint64_t seed = 1;
};

/// Trains in asynchronous mode until so many train steps were accumulated, those that were dropped
/// not counted. Returns whether memory did not grow by more than 1 MiB after the first tenth and
/// every snapshot has its rows; prints the figures. Throws std::runtime_error if there are too few
/// steps to tell, too many of them are dropped, or this system does not say what memory a process
/// takes.
bool keeps_its_memory(const std::filesystem::path& folder, const MemoryOptions& options);

}  // namespace livecca_soak
