#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace livecca_soak {

struct KillOptions {
  int kills = 9;  ///< shared out over the variants of the training
  std::uint64_t seed = 1;
  std::uint64_t steps = 240;
  std::optional<int> variant{};  ///< only this one
};

/// Trains in one process to the end, and once more in processes that are killed at random moments,
/// each going on from the last checkpoint; then compares rows, weights and kept history. The first
/// kill is after the first checkpoint. In synchronous mode, as only then rows do not depend on
/// timing. Prints what it did and what differs; returns whether nothing does, and whether every
/// training that was killed did go on from a checkpoint.
bool survives_kills(const std::filesystem::path& folder, const KillOptions& options);

}  // namespace livecca_soak
