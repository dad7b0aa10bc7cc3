#include "index/run_index.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace livecca::tool {
namespace {

constexpr std::uint64_t no_row = std::numeric_limits<std::uint64_t>::max();

/// More would be a run that does little else. The oldest go.
constexpr std::size_t most_events = 20'000;

template <typename Entry>
void add_at_most(std::vector<Entry>& entries, Entry entry) {
  if (entries.size() >= most_events) {
    entries.erase(entries.begin(), entries.begin() + most_events / 2);
  }
  entries.push_back(std::move(entry));
}

}  // namespace

void RunIndex::add(RowLine&& line) {
  if (line.number > 0) {
    if (offsets_.size() < line.number) offsets_.resize(line.number, no_row);
    offsets_[line.number - 1] = line.offset;
    last_lines_[line.row.index()] = line.number;
  }
  std::visit([&](const auto& row) { see(row, line); }, line.row);
  const auto* verdict = std::get_if<VerdictRow>(&line.row);
  const bool has_alarm = verdict != nullptr && is_alarm(*verdict);
  const std::uint64_t number = line.number;
  rows_.add(std::move(line));
  if (has_alarm) see_alarm(*rows_.last_alarm, number);
}

void RunIndex::forget_since_when() {
  for (VerdictRow& alarm : rows_.alarms) alarm.since_epoch.reset();
}

std::optional<std::uint64_t> RunIndex::offset_of(std::uint64_t line) const {
  if (line == 0 || line > offsets_.size() || offsets_[line - 1] == no_row) return std::nullopt;
  return offsets_[line - 1];
}

void RunIndex::see(const MeasureRow& row, const RowLine&) {
  if (row.reference_kind == ReferenceKind::final) return;  // it is of an earlier snapshot
  last_step_ = row.step;
}

void RunIndex::see(const SpectrumRow& row, const RowLine& line) {
  spectra_[{row.stream, row.layer, row.reference, row.reference_layer}].push_back(
      {.line = line.number, .epoch = row.epoch, .step = row.step});
}

std::uint64_t RunIndex::spectrum_of(const SpectrumKey& key,
                                    std::optional<std::uint64_t> step) const {
  const auto found = spectra_.find(key);
  if (found == spectra_.end()) return 0;
  if (!step) return found->second.back().line;
  const auto& places = found->second;
  const auto place = std::find_if(places.rbegin(), places.rend(),
                                  [&](const SpectrumPlace& one) { return one.step == *step; });
  return place == places.rend() ? 0 : place->line;
}

void RunIndex::see(const LayerRow& row, const RowLine&) {
  if (rows_.facts && row.network != rows_.facts->network) return;
  if (row.samples_nonfinite == 0) return;
  const std::pair snapshot(row.epoch, row.step);
  if (std::exchange(last_nonfinite_, snapshot) != snapshot) ++nonfinite_snapshots_;
}

void RunIndex::see(const VerdictRow& row, const RowLine&) {
  if (is_alarm(row) || !row.reference.empty())
    return;  // of an older version: no verdict on the layer alone
  const auto last = verdict_of_.find(row.layer);
  if (last != verdict_of_.end() && verdicts_[last->second].verdict == row.verdict) {
    verdicts_[last->second].to_epoch = row.epoch;
    return;
  }
  verdict_of_[row.layer] = verdicts_.size();
  verdicts_.push_back({row.layer, row.verdict, row.epoch, row.epoch});
}

/// Kept once, with its first row. rows_ knows since when it lasts.
void RunIndex::see_alarm(const VerdictRow& row, std::uint64_t line) {
  const bool is_known = std::ranges::any_of(alarms_, [&](const AlarmPlace& place) {
    const VerdictRow& alarm = place.alarm;
    return alarm.stream == row.stream && alarm.layer == row.layer && alarm.verdict == row.verdict &&
           alarm.since_epoch == row.since_epoch;
  });
  if (!is_known) add_at_most(alarms_, {.line = line, .alarm = row});
}

void RunIndex::see(const LogRow& row, const RowLine&) { last_step_ = row.step; }

void RunIndex::see(const Event& event, const RowLine& line) {
  add_at_most(events_, {.line = line.number, .time = line.wall_time, .event = event});
}

void RunIndex::see(const OverheadRow& row, const RowLine& line) {
  last_step_ = row.step;
  add_at_most(overheads_, {.time = line.wall_time, .row = row});
}

}  // namespace livecca::tool
