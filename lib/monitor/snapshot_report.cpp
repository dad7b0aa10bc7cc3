#include "livecca/monitor/snapshot_report.hpp"

#include <algorithm>
#include <chrono>

namespace livecca {

const MeasureRow* SnapshotReport::find(std::string_view layer, std::string_view reference,
                                       std::string_view measure) const {
  const auto found = std::ranges::find_if(measures, [&](const MeasureRow& row) {
    return row.layer == layer && row.reference == reference && row.measure == measure;
  });
  return found == measures.end() ? nullptr : &*found;
}

const MeasureRow* SnapshotReport::find(std::string_view layer, std::string_view reference,
                                       std::string_view measure, std::int64_t of_epoch) const {
  const auto found = std::ranges::find_if(measures, [&](const MeasureRow& row) {
    return row.layer == layer && row.reference == reference && row.measure == measure &&
           row.epoch == of_epoch;
  });
  return found == measures.end() ? nullptr : &*found;
}

bool SnapshotTicket::ready() const {
  return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

const SnapshotReport& SnapshotTicket::wait() const& { return *result_.get(); }

SnapshotReport SnapshotTicket::wait() && { return *result_.get(); }

}  // namespace livecca
