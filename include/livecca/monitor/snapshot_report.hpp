#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/sinks/row_key.hpp"
#include "livecca/sinks/sink.hpp"

namespace livecca {

/// All that one snapshot, or the final comparison, found.
struct SnapshotReport : SnapshotRows {
  std::vector<Event> events;
  double observe_seconds = 0;     ///< the training threads' time in observe() and commit()
  double wait_seconds = 0;        ///< the training threads', for a place in the queue
  double accumulate_seconds = 0;  ///< livecca's own thread's
  double solve_seconds = 0;       ///< livecca's other thread's

  /// The first row that fits the key, or null. Without a stream that is the probe's, or the train
  /// stream's where the probe has none; row->stream tells. Without a reference_layer it is the
  /// first of the reference's layers that the layer is compared with.
  LIVECCA_EXPORT const MeasureRow* find(const RowKey& key) const;
};

/// A snapshot that is being solved. Copies share the result. Thread safe. In a process that was
/// forked meanwhile nobody solves it: the report is then empty.
class LIVECCA_EXPORT SnapshotTicket {
 public:
  explicit SnapshotTicket(std::shared_future<std::shared_ptr<const SnapshotReport>> result);

  bool ready() const;
  /// Blocks until it is solved. Never throws: what went wrong is in the report's events and
  /// statuses.
  const SnapshotReport& wait() const&;
  /// Of a temporary ticket, a copy: a reference would dangle.
  SnapshotReport wait() &&;

 private:
  bool is_forked() const;

  std::shared_future<std::shared_ptr<const SnapshotReport>> result_;
  std::int64_t process_;
};

}  // namespace livecca
