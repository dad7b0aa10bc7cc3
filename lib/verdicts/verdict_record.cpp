#include "verdicts/verdict_record.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "verdicts/learning_rate.hpp"

namespace livecca {
namespace {

void add_to(VerdictRecordRow& all, const VerdictRecordRow& row) {
  all.settled += row.settled;
  all.held += row.held;
  all.early += row.early;
  all.overtaken += row.overtaken;
  all.late += row.late;
  all.intervals += row.intervals;
  all.intervals_held += row.intervals_held;
  all.settling_epochs += row.settling_epochs;
  all.settling_epochs_held += row.settling_epochs_held;
}

/// A settling that was expected, against the one that came; `ends` is the run's last epoch.
void judge_expected(const VerdictRow& said, std::optional<std::int64_t> settled, std::int64_t ends,
                    VerdictRecordRow& row) {
  if (!said.settling_epoch_low || !said.settling_epoch_high) return;
  const bool has_gone = static_cast<double>(ends) > *said.settling_epoch_high;
  if (!settled && !has_gone) return;  // it may yet have come
  ++row.settling_epochs;
  const auto epoch = static_cast<double>(settled.value_or(ends));
  row.settling_epochs_held +=
      settled && *said.settling_epoch_low <= epoch && epoch <= *said.settling_epoch_high ? 1 : 0;
}

}  // namespace

void VerdictRecord::add(const VerdictRow& row) {
  if (row.stream != Stream::probe || !row.reference.empty() || is_alarm(row)) return;
  if (!layers_.contains(row.layer)) order_.push_back(row.layer);
  const auto rate = row.learning_rate ? row.learning_rate : logged_rate_;
  layers_[row.layer].said[{row.epoch, row.step}] = {row, rate};
}

void VerdictRecord::add(const LogRow& row) {
  if (row.name == learning_rate_name && std::isfinite(row.value)) logged_rate_ = row.value;
}

void VerdictRecord::add(const DistanceToEnd& distance) {
  if (!layers_.contains(distance.layer)) order_.push_back(distance.layer);
  layers_[distance.layer].to_end[{distance.epoch, distance.step}] = distance.distance;
}

std::optional<VerdictRecord::Place> VerdictRecord::last_overtaken(const Layer& layer) const {
  std::optional<Place> last;
  double largest = 0;
  auto before = layer.said.begin();
  for (auto now = before; now != layer.said.end(); before = now++) {
    const std::optional<double>& rate = before->second.learning_rate;
    const std::optional<double>& rate_now = now->second.learning_rate;
    largest = std::max(largest, rate.value_or(0));
    if (!rate || !rate_now || !is_jump(*rate, *rate_now, largest)) continue;
    // What stands still at its end is not set off by a fall.
    const auto to_end = layer.to_end.find(before->first);
    if (to_end != layer.to_end.end() && to_end->second > tolerance_) last = before->first;
  }
  return last;
}

VerdictRecordRow VerdictRecord::judge(const std::string& name, const Layer& layer) const {
  VerdictRecordRow row;
  row.layer = name;
  row.tolerance = tolerance_;
  bool is_there_for_good = true;
  const auto overtaken = last_overtaken(layer);
  std::optional<std::int64_t> settled;  // when the layer is called so next, from a snapshot's view
  for (auto place = layer.said.rbegin(); place != layer.said.rend(); ++place) {
    const Place& snapshot = place->first;
    const VerdictRow& said = place->second.row;
    if (said.verdict == "settled") settled = said.epoch;
    judge_expected(said, settled, layer.said.rbegin()->first.first, row);
    const auto to_end = layer.to_end.find(snapshot);
    if (to_end == layer.to_end.end()) continue;
    const bool is_near = to_end->second <= tolerance_;
    const bool is_overtaken = overtaken && snapshot <= *overtaken;
    is_there_for_good &= is_near;
    if (said.verdict == "settled") {
      ++row.settled;
      ++(is_near ? row.held : is_overtaken ? row.overtaken : row.early);
    } else if (said.verdict != "undecided" && is_there_for_good) {
      ++row.late;
    }
    if (said.remaining_low && said.remaining_high && !is_overtaken) {
      ++row.intervals;
      row.intervals_held +=
          *said.remaining_low <= to_end->second && to_end->second <= *said.remaining_high ? 1 : 0;
    }
  }
  return row;
}

std::vector<VerdictRecordRow> VerdictRecord::rows() const {
  VerdictRecordRow all;
  all.tolerance = tolerance_;
  std::vector<VerdictRecordRow> rows{all};
  for (const std::string& name : order_) {
    const Layer& layer = layers_.at(name);
    if (layer.said.empty() || layer.to_end.empty()) continue;
    rows.push_back(judge(name, layer));
    add_to(rows.front(), rows.back());
  }
  if (rows.size() == 1) rows.clear();
  return rows;
}

}  // namespace livecca
