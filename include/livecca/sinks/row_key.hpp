#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "livecca/sinks/stream.hpp"

namespace livecca {

/// Which number is looked for, e.g. {.layer = "conv1", .reference = "seed7", .measure =
/// "pwcca_distance"}.
struct RowKey {
  std::string layer;
  std::string reference;  ///< a network's name, "start", "before-K" or "final"
  std::string measure;    ///< with its direction
  /// Empty: the function that takes the key says which of the reference's layers is meant.
  std::string reference_layer{};
  /// Empty: the probe's. find() takes the train stream's where the probe has none.
  std::optional<Stream> stream{};
  /// Empty: any. The rows of finish() are of many epochs.
  std::optional<std::int64_t> epoch{};
};

}  // namespace livecca
