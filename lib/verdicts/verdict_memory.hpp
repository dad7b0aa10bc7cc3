#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/result.hpp"
#include "livecca/sinks/stream.hpp"
#include "verdicts/curve.hpp"

namespace livecca {

/// Which curve: a stream's numbers of a layer against a layer of a reference.
struct CurveName {
  Stream stream = Stream::probe;
  std::string layer;
  std::string reference;
  std::string reference_layer;
  std::string measure;  ///< with its direction

  auto operator<=>(const CurveName&) const = default;  // NOLINT(modernize-use-nullptr): its bug
};

struct Curve {
  std::vector<CurvePoint> points;  ///< of the latest snapshots, in their order
  /// While it is settled, the epoch of the first point that was so.
  std::optional<std::int64_t> settled_since;
};

/// What verdicts on later snapshots need of the earlier ones.
struct VerdictMemory {
  std::map<Stream, std::uint64_t> snapshots;  ///< of each stream so far
  std::map<CurveName, Curve> curves;
  /// Of a stream's layer: what its activations were when they were first above 0.
  std::map<std::pair<Stream, std::string>, double> first_root_mean_square;
};

/// One line of JSON; numbers come back as they were, to the last bit. Bytes of names that are not
/// UTF-8 are replaced: such a layer starts anew when it is read back.
std::string to_json(const VerdictMemory& memory);

/// Fails if the text is not such a line.
Result<VerdictMemory> verdict_memory_from(const std::string& json);

}  // namespace livecca
