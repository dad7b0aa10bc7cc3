#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "livecca/sinks/stream.hpp"

namespace livecca {

/// Names a number of a run, e.g. {.layer = "conv1", .reference = "seed7", .measure =
/// "pwcca_distance"}.
struct RowKey {
  std::string layer;
  std::string reference;  ///< a network's name, "start", "before-K" or "final"
  std::string measure;    ///< with its direction
  /// Empty: the function that takes the key chooses the reference's layer.
  std::string reference_layer{};
  /// Empty: the probe. find() also takes the train stream if the probe has no such row.
  std::optional<Stream> stream{};
  /// Empty: any epoch. The rows of finish() have many epochs.
  std::optional<std::int64_t> epoch{};
};

}  // namespace livecca
