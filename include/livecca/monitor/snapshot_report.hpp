#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string_view>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca {

/// All that one snapshot, or the final comparison, found.
struct SnapshotReport {
  std::int64_t epoch = 0;
  std::vector<MeasureRow> measures;
  std::vector<LayerRow> layers;
  std::vector<Event> events;
  double observe_seconds = 0;  ///< the training thread's time in observe() and commit()
  double wait_seconds = 0;     ///< the training thread's, for earlier solves to end
  double solve_seconds = 0;    ///< off the training thread

  /// The row of a layer against a reference, e.g. find("conv1", "seed7", "pwcca_distance"), or
  /// null.
  LIVECCA_EXPORT const MeasureRow* find(std::string_view layer, std::string_view reference,
                                        std::string_view measure) const;
  /// The same of one epoch: the rows of finish() are of many.
  LIVECCA_EXPORT const MeasureRow* find(std::string_view layer, std::string_view reference,
                                        std::string_view measure, std::int64_t of_epoch) const;
};

/// A snapshot that is being solved. Copies share the result. Thread safe.
class LIVECCA_EXPORT SnapshotTicket {
 public:
  explicit SnapshotTicket(std::shared_future<std::shared_ptr<const SnapshotReport>> result)
      : result_(std::move(result)) {}

  bool ready() const;
  /// Blocks until it is solved. Never throws: what went wrong is in the report's events and
  /// statuses.
  const SnapshotReport& wait() const&;
  /// Of a temporary ticket, a copy: a reference would dangle.
  SnapshotReport wait() &&;

 private:
  std::shared_future<std::shared_ptr<const SnapshotReport>> result_;
};

}  // namespace livecca
