#include "runs/run_rows.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>
#include <variant>

#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

/// The entry of this key, made if there is none.
template <typename Entry, typename Key>
Entry& entry_of(std::vector<Entry>& entries, std::map<Key, std::size_t>& places, const Key& key) {
  const auto [place, is_new] = places.try_emplace(key, entries.size());
  if (is_new) entries.emplace_back();
  return entries[place->second];
}

/// Rows of a snapshot have the network's order, but it may lack layers: one that came later belongs
/// behind the layer of the row before. The first row behind what was left out may be in the middle
/// of a snapshot.
void see_layer(std::vector<std::string>& layers, const MeasureRow& before, const MeasureRow& row,
               bool is_behind_left_out) {
  if (std::ranges::find(layers, row.layer) != layers.end()) return;
  const bool goes_on = row.epoch == before.epoch && row.step == before.step;
  const auto neighbour = goes_on ? std::ranges::find(layers, before.layer) : layers.end();
  if (is_behind_left_out && !goes_on) {
    layers.push_back(row.layer);
  } else {
    layers.insert(neighbour == layers.end() ? layers.begin() : neighbour + 1, row.layer);
  }
}

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

/// Curves have no place for other numbers.
std::optional<double> finite_or_none(std::optional<double> value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

RowsReader opened(const std::filesystem::path& run) {
  auto reader = RowsReader::open(run, {.with_spectra = false});
  if (!reader) throw InputError(reader.why());
  return *std::move(reader);
}

}  // namespace

void RunRows::add(RowLine line) {
  run = std::move(line.run);
  wall_time = line.wall_time;
  if (first_time == 0) first_time = wall_time;
  line_ = static_cast<std::uint32_t>(line.number);
  std::visit([this](auto& row) { take(std::move(row)); }, line.row);
}

void RunRows::leave_out() {
  snapshots_ = 0;  // what is left out is no pause
  timed_snapshot_.reset();
  is_behind_left_out_ = true;
}

void RunRows::see_time_of(Stream stream, std::int64_t epoch, std::uint64_t step) {
  if (stream != Stream::probe) return;
  const std::pair snapshot(epoch, step);
  if (std::exchange(timed_snapshot_, snapshot) == snapshot) return;
  snapshot_times_[snapshots_++ % snapshot_times_.size()] = wall_time;
}

std::optional<double> RunRows::usual_pause() const {
  if (snapshots_ < 2) return std::nullopt;
  const std::size_t count = std::min(snapshots_, snapshot_times_.size());
  std::vector<double> times(snapshot_times_.begin(), snapshot_times_.begin() + count);
  std::ranges::sort(times);
  std::vector<double> pauses;
  for (std::size_t i = 1; i < count; ++i) pauses.push_back(times[i] - times[i - 1]);
  const auto middle = pauses.begin() + static_cast<std::ptrdiff_t>(pauses.size() / 2);
  std::ranges::nth_element(pauses, middle);
  return *middle;
}

void RunRows::take(RunRow row) { facts = std::move(row); }

void RunRows::take(const MeasureRow& row) {
  // Those to the final state are of earlier snapshots.
  if (row.reference_kind != ReferenceKind::final) see_time_of(row.stream, row.epoch, row.step);
  const CurveKey key{row.stream, row.reference, row.layer, row.reference_layer, row.measure};
  Curve& curve = entry_of(curves, curve_of_, key);
  curve.key = key;
  curve.reference_kind = row.reference_kind;
  curve.direction = row.direction;
  const Conditions now = conditions_of(row);
  const bool begins_anew =
      row.value && curve.conditions && !difference(*curve.conditions, now).empty();
  if (row.value && (begins_anew || !curve.conditions)) curve.conditions = now;
  curve.noise_floor = finite_or_none(row.noise_floor);
  curve.standard_error = finite_or_none(row.standard_error);
  curve.p_value = finite_or_none(row.p_value);
  const auto value = finite_or_none(row.value);
  curve.points.push_back({.epoch = row.epoch,
                          .step = row.step,
                          .value = value,
                          .begins_anew = begins_anew,
                          .is_like_unrelated = is_like_unrelated(row.direction, value,
                                                                 curve.noise_floor, curve.p_value),
                          .line = line_,
                          .wall_time = wall_time,
                          .noise_floor = curve.noise_floor.value_or(no_number),
                          .standard_error = curve.standard_error.value_or(no_number)});
  curve.samples_needed = finite_or_none(row.samples_needed);
  curve.status = row.status;
  curve.ranks = row.ranks;
  curve.features = row.features;
  curve.samples = row.samples;
  curve.effective_samples = row.effective_samples;
  curve.independent_samples = row.independent_samples;
  epochs.insert(row.epoch);
  see_layer(layers_seen, last_number_, row, std::exchange(is_behind_left_out_, false));
  last_number_ = row;
}

void RunRows::begin_snapshot(Stream stream, std::int64_t epoch, std::uint64_t step) {
  see_time_of(stream, epoch, step);
  const std::pair snapshot(epoch, step);
  const auto [last, is_first] = last_snapshots_.try_emplace(stream, snapshot);
  if (!is_first && std::exchange(last->second, snapshot) == snapshot) return;
  end_snapshot(stream);
  const auto is_of_stream = [&](const VerdictRow& alarm) { return alarm.stream == stream; };
  std::ranges::copy_if(alarms, std::back_inserter(unfinished_[stream].alarms_before), is_of_stream);
  if (knows_ends()) return;
  std::erase_if(alarms, is_of_stream);
  if (stream == Stream::probe) verdicts.clear();
}

void RunRows::end_snapshot(Stream stream) {
  auto said = unfinished_.extract(stream);
  if (said.empty()) return;
  keep_ended(said.mapped());
  std::erase_if(alarms, [&](const VerdictRow& alarm) { return alarm.stream == stream; });
  std::ranges::move(said.mapped().alarms, std::back_inserter(alarms));
  if (stream == Stream::probe) verdicts = std::move(said.mapped().verdicts);
}

void RunRows::keep_ended(const Said& said) {
  for (const VerdictRow& before : said.alarms_before) {
    const auto is_same = [&](const auto& alarm) {
      return alarm.layer == before.layer && alarm.verdict == before.verdict &&
             alarm.stream == before.stream && alarm.reference == before.reference;
    };
    if (std::ranges::any_of(said.alarms, is_same)) continue;
    auto ended = std::ranges::find_if(ended_alarms, is_same);
    if (ended == ended_alarms.end()) {
      ended =
          ended_alarms.insert(ended, {.layer = before.layer,
                                      .verdict = before.verdict,
                                      .stream = before.stream,
                                      .reference = before.reference,
                                      .first_epoch = before.since_epoch.value_or(before.epoch)});
    }
    ended->last_epoch = before.epoch;
    ++ended->times;
  }
}

void RunRows::end_snapshots() {
  while (!unfinished_.empty()) end_snapshot(unfinished_.begin()->first);
}

void RunRows::take(LayerRow row) {
  begin_snapshot(row.stream, row.epoch, row.step);
  epochs.insert(row.epoch);
  entry_of(layers, layer_of_, {row.stream, row.network, row.layer}) = std::move(row);
}

void RunRows::take(VerdictRow row) {
  begin_snapshot(row.stream, row.epoch, row.step);
  if (is_alarm(row)) {
    Said& said = unfinished_[row.stream];
    const auto before = std::ranges::find_if(said.alarms_before, [&](const VerdictRow& alarm) {
      return alarm.layer == row.layer && alarm.verdict == row.verdict;
    });
    row.since_epoch = before == said.alarms_before.end() ? row.epoch : before->since_epoch;
    last_alarm = row;
    if (!knows_ends()) alarms.push_back(row);
    said.alarms.push_back(std::move(row));
  } else if (row.reference.empty()) {
    if (!knows_ends()) verdicts[row.layer] = row;
    unfinished_[row.stream].verdicts[row.layer] = std::move(row);
  } else {
    const CurveKey key{row.stream, row.reference, row.layer, row.reference_layer, row.measure};
    older_verdicts[key] = std::move(row);
  }
}

void RunRows::take(DirectionRow row) {
  begin_snapshot(row.stream, row.epoch, row.step);
  const CurveKey key{row.stream, row.reference, row.layer, row.reference_layer, row.measure};
  directions[key] = std::move(row);
}

void RunRows::take(VerdictRecordRow row) { verdict_records.push_back(std::move(row)); }

void RunRows::take(DriftRow row) {
  const CurveKey key{Stream::train, row.reference, row.layer, row.reference_layer, row.measure};
  drifts[key] = std::move(row);
}

void RunRows::take(LogRow row) {
  LogCurve& log = entry_of(logs, log_of_, row.name);
  const auto value = finite_or_none(row.value);
  log.points.push_back({.epoch = row.epoch,
                        .step = row.step,
                        .value = value,
                        .line = line_,
                        .wall_time = wall_time});
  epochs.insert(row.epoch);
  log.name = std::move(row.name);
}

void RunRows::take(OverheadRow row) {
  end_snapshots();
  train_steps_dropped += row.train_steps_dropped;
  overhead = row;
}

void RunRows::take(Event event) {
  if (event.what == "finished") {
    finished = true;
    end_snapshots();
  } else if (event.what == "resumed") {
    finished = false;
    unfinished_.clear();  // that snapshot may come once more
    last_snapshots_.clear();
  }
  entry_of(events, event_of_, {event.what, event.subject}) = std::move(event);
}

RunReader::RunReader(const std::filesystem::path& run) : reader_(opened(run)) {
  update();
  const std::uint64_t lines = reader_.lines();
  if (lines > reader_.foreign_lines().count) return;
  const std::string got =
      lines == 0 ? "no whole line" : "none in " + std::to_string(lines) + " lines";
  throw InputError(reader_.path().string() + ": expected rows of a run, got " + got);
}

bool RunReader::update() {
  const auto has_news = reader_.read([this](RowLine&& line) { rows_.add(std::move(line)); },
                                     [this] { rows_ = RunRows(); });
  if (!has_news) throw InputError(has_news.why());
  rows_.foreign = reader_.foreign_lines();
  return *has_news;
}

}  // namespace livecca::tool
