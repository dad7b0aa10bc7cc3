#include "livecca/monitor/snapshot_report.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

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

const MeasureRow* SnapshotReport::find(std::string_view layer, std::string_view reference,
                                       std::string_view measure, std::string_view stream) const {
  const auto found = std::ranges::find_if(measures, [&](const MeasureRow& row) {
    return row.layer == layer && row.reference == reference && row.measure == measure &&
           row.stream == stream;
  });
  return found == measures.end() ? nullptr : &*found;
}

SnapshotTicket::SnapshotTicket(std::shared_future<std::shared_ptr<const SnapshotReport>> result)
    : result_(std::move(result)), process_(::getpid()) {}

bool SnapshotTicket::is_forked() const { return !result_.valid() || ::getpid() != process_; }

bool SnapshotTicket::ready() const {
  return is_forked() || result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

const SnapshotReport& SnapshotTicket::wait() const& {
  static const SnapshotReport nothing;
  return is_forked() ? nothing : *result_.get();
}

SnapshotReport SnapshotTicket::wait() && { return std::as_const(*this).wait(); }

}  // namespace livecca
