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

/// The result of one snapshot, or of the final comparison.
struct SnapshotReport : SnapshotRows {
  std::vector<Event> events;
  double observe_seconds = 0;     ///< time of training threads in observe() and commit()
  double wait_seconds = 0;        ///< time of training threads waiting for a place in the queue
  double accumulate_seconds = 0;  ///< time of livecca's first thread
  double solve_seconds = 0;       ///< time of livecca's second thread

  /// The first row with this key, or null. If the key has no stream, the probe's row is preferred,
  /// and the train stream's is taken if the probe has none; row->stream says which it is. If the
  /// key has no reference_layer, the first layer of the reference that this layer is compared with
  /// is taken.
  LIVECCA_EXPORT const MeasureRow* find(const RowKey& key) const;
};

/// A snapshot that is being solved. Copies share the result. The report is empty if there was no
/// memory for the snapshot, and in a child of fork(), where nobody solves it. Thread safe.
class LIVECCA_EXPORT SnapshotTicket {
 public:
  explicit SnapshotTicket(std::shared_future<std::shared_ptr<const SnapshotReport>> result);

  bool ready() const;
  /// Waits until the snapshot is solved. Never throws: the report's events and statuses say what
  /// went wrong.
  const SnapshotReport& wait() const&;
  /// Returns a copy for a temporary ticket, because a reference would dangle.
  SnapshotReport wait() &&;

 private:
  /// Nobody solves it.
  bool is_empty() const;

  std::shared_future<std::shared_ptr<const SnapshotReport>> result_;
  std::int64_t process_;
};

}  // namespace livecca
