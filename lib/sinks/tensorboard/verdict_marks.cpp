#include "sinks/tensorboard/verdict_marks.hpp"

#include <algorithm>

namespace livecca {

void VerdictMarks::begin(Snapshot snapshot) {
  keep();
  snapshot_ = snapshot;
  now_.clear();
}

/// Layers of which nothing is said any more lose their marks.
void VerdictMarks::keep() {
  for (const auto& [layer, mark] : now_) changes_.try_emplace(layer);
  for (auto& [layer, changes] : changes_) {
    const auto found = now_.find(layer);
    const LayerMark mark = found == now_.end() ? LayerMark{} : found->second;
    const LayerMark before = changes.empty() ? LayerMark{} : changes.back().second;
    if (mark != before) changes.emplace_back(snapshot_, mark);
  }
}

LayerMark VerdictMarks::add(const VerdictRow& row) {
  LayerMark& mark = now_[row.layer];
  if (is_alarm(row)) {
    mark.has_alarm = true;
  } else if (row.reference.empty()) {  // older runs have one for each reference
    mark.is_settled = row.verdict == "settled";
  }
  return mark;
}

LayerMark VerdictMarks::at(const std::string& layer, Snapshot snapshot) const {
  if (snapshot == snapshot_) {
    const auto found = now_.find(layer);
    return found == now_.end() ? LayerMark{} : found->second;
  }
  const auto found = changes_.find(layer);
  if (found == changes_.end()) return {};
  LayerMark mark;
  for (const auto& [since, changed] : found->second) {
    if (since <= snapshot) mark = changed;
  }
  return mark;
}

bool VerdictMarks::has_alarm() const {
  return std::ranges::any_of(now_, [](const auto& entry) { return entry.second.has_alarm; });
}

}  // namespace livecca
