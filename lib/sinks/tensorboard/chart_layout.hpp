#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "livecca/sinks/stream.hpp"
#include "sinks/tensorboard/event_messages.hpp"

namespace livecca {

/// What stands on TensorBoard's custom scalars dashboard: for each stream, reference and measure a
/// chart of all layers, and one of their noise floors beside it, in the order in which they came:
/// the headline first, the comparison with the final state last.
class ChartLayout {
 public:
  void add(Stream stream, const std::string& measure, const std::string& reference,
           bool has_noise_floor);
  /// Whether something came since it was taken last.
  bool is_changed() const { return is_changed_; }
  /// The message Layout (tensorboard/plugins/custom_scalar/layout.proto).
  ProtobufWriter take();

 private:
  struct Charts {
    Stream stream;
    std::string reference;
    std::string measure;
    auto operator<=>(const Charts&) const = default;  // NOLINT(modernize-use-nullptr): its bug
  };

  std::map<Charts, bool> charts_;  // and whether they have noise floors
  std::vector<Charts> order_;
  bool is_changed_ = false;
};

}  // namespace livecca
