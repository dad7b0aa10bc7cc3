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
#include "sinks/conditions.hpp"
#include "verdicts/curve.hpp"
#include "verdicts/layer_course.hpp"
#include "verdicts/layer_verdict.hpp"

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
  /// Those of the number that it began with; empty before the first, and in older checkpoints.
  std::optional<Conditions> conditions;
};

/// What verdicts on later snapshots need of the earlier ones.
struct VerdictMemory {
  std::map<Stream, std::uint64_t> snapshots;  ///< of each stream so far
  std::map<CurveName, Curve> curves;
  std::map<std::string, MotionCourse> motions;  ///< by layer, on the probe
  SettlingRecord settlings;
  std::optional<double> learning_rate;  ///< at the latest snapshot of the probe
  double largest_rate = 0;              ///< at any of them so far; older checkpoints lack it
  std::map<Stream, LossCourse> losses;
  std::map<std::pair<Stream, std::string>, LayerCourse> layers;  ///< of a stream, by name
};

/// One line of JSON; numbers come back as they were, to the last bit. Bytes of names that are not
/// UTF-8 are replaced: such a layer starts anew when it is read back.
std::string to_json(const VerdictMemory& memory);

/// Fails if the text is not such a line.
Result<VerdictMemory> verdict_memory_from(const std::string& json);

}  // namespace livecca
