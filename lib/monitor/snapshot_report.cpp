#include "livecca/monitor/snapshot_report.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace livecca {

const MeasureRow* SnapshotReport::find(const RowKey& key) const {
  // The probe's rows come first.
  const auto found = std::ranges::find_if(measures, [&](const MeasureRow& row) {
    return row.layer == key.layer && row.reference == key.reference && row.measure == key.measure &&
           (key.reference_layer.empty() || row.reference_layer == key.reference_layer) &&
           row.stream == key.stream.value_or(row.stream) &&
           row.epoch == key.epoch.value_or(row.epoch);
  });
  return found == measures.end() ? nullptr : &*found;
}

SnapshotTicket::SnapshotTicket(std::shared_future<std::shared_ptr<const SnapshotReport>> result)
    : result_(std::move(result)), process_(::getpid()) {}

bool SnapshotTicket::is_empty() const { return !result_.valid() || ::getpid() != process_; }

bool SnapshotTicket::ready() const {
  return is_empty() || result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

const SnapshotReport& SnapshotTicket::wait() const& {
  static const SnapshotReport nothing;
  return is_empty() ? nothing : *result_.get();
}

SnapshotReport SnapshotTicket::wait() && { return std::as_const(*this).wait(); }

}  // namespace livecca
