#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "livecca/sinks/row.hpp"

namespace livecca {

/// Where a layer was at a snapshot: its distance to where it is at the end of the run, divided by
/// what unrelated data would have.
struct DistanceToEnd {
  std::string layer;
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  double distance = 0;
};

/// Holds what a run said of its layers against where they ended: see VerdictRecordRow. Snapshots
/// that the history no longer has, and verdicts after the last one, are not counted.
///
/// Memory: O(snapshots · layers). Thread safety: none.
class VerdictRecord {
 public:
  explicit VerdictRecord(double tolerance) : tolerance_(tolerance) {}

  // Rows of the run, in their order. Others than verdicts on own motion and logged learning rates
  // are passed over.
  void add(const VerdictRow& row);
  void add(const LogRow& row);
  void add(const DistanceToEnd& distance);

  /// All layers together first, then each, in the order in which they came; empty if there is
  /// nothing to hold against each other. The rows have no place in the run yet.
  std::vector<VerdictRecordRow> rows() const;

 private:
  using Place = std::pair<std::int64_t, std::uint64_t>;  ///< epoch, step
  struct Said {
    VerdictRow row;
    std::optional<double> learning_rate;
  };
  struct Layer {
    std::map<Place, Said> said;
    std::map<Place, double> to_end;
  };

  VerdictRecordRow judge(const std::string& name, const Layer& layer) const;
  /// The layer's last snapshot after which the learning rate jumped and the layer was not at its
  /// end yet. Whether it had begun to leave before is not known.
  std::optional<Place> last_overtaken(const Layer& layer) const;

  double tolerance_;
  std::map<std::string, Layer> layers_;
  std::vector<std::string> order_;  ///< of the layers, as they came
  /// As it was logged last: for rows of older versions, which do not say under which one they were.
  std::optional<double> logged_rate_;
};

}  // namespace livecca
