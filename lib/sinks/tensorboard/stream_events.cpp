#include "sinks/tensorboard/stream_events.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "livecca/sinks/reference.hpp"
#include "sinks/tensorboard/run_names.hpp"
#include "sinks/tensorboard/verdict_table.hpp"

namespace livecca {
namespace {

PairPlace place_of(const auto& row, const RunFacts& facts) {
  return place_of_pair(row.reference, row.layer, row.reference_layer, facts.pairs_all_with_all);
}

/// A snapshot's summaries, those with something in them.
void place(std::int64_t step, RunSummaries& summaries, std::vector<PlacedSummary>& placed) {
  for (const auto& [line, floor] : summaries.floors.lines()) {
    summaries.add(line.first, line.second, floor);
  }
  for (auto& [run, summary] : summaries.of) {
    if (!summary.empty()) placed.push_back({run, step, std::move(summary)});
  }
}

}  // namespace

void RunSummaries::add(const std::string& run, const std::string& tag,
                       std::optional<double> value) {
  if (value && std::isfinite(*value)) of[run].scalar(tag, *value);
}

std::int64_t StreamEvents::take_step(std::int64_t wanted) {
  last_step_ = last_step_ ? std::max(wanted, *last_step_ + 1) : wanted;
  return *last_step_;
}

void StreamEvents::recall_snapshot(std::int64_t epoch, std::uint64_t step, std::string row,
                                   const RunFacts& facts) {
  // A row that is there already belongs to another snapshot of the same step.
  const bool is_same =
      last_step_ && recalled_ == std::pair(epoch, step) && !recalled_rows_.contains(row);
  if (!is_same) {
    take_step(facts.place_of(epoch, step));
    recalled_ = {epoch, step};
    recalled_rows_.clear();
    pictures_begun_.clear();
    marks_.begin(recalled_);
  }
  recalled_rows_.insert(std::move(row));
}

std::pair<std::string, std::string> StreamEvents::place_of(const MeasureRow& row,
                                                           const PairPlace& pair,
                                                           const RunFacts& facts) {
  std::string tag = card_group(stream_, facts.measures.numbered(row.measure)) + pair.card;
  std::string ending = parts_.ending_of(tag + '\n' + pair.run, row);
  return {std::move(tag), std::move(ending)};
}

void StreamEvents::recall(const MeasureRow& row, const RunFacts& facts) {
  const PairPlace pair = livecca::place_of(row, facts);
  recall_snapshot(row.epoch, row.step, row.measure + '\n' + pair.card + '\n' + pair.run, facts);
  static_cast<void>(place_of(row, pair, facts));
  if (row.measure == facts.headline_measure) add_to_picture(row);
}

void StreamEvents::recall(const LayerRow& row, const RunFacts& facts) {
  recall_snapshot(row.epoch, row.step, row.network + '\n' + row.layer, facts);
}

void StreamEvents::recall(const VerdictRow& row) { add_to_pictures(row); }

void StreamEvents::add_number(const MeasureRow& row, const RunFacts& facts,
                              RunSummaries& summaries) {
  const PairPlace pair = livecca::place_of(row, facts);
  const auto [tag, ending] = place_of(row, pair, facts);
  summaries.add(pair.run + ending, tag, row.value);
  if (!row.noise_floor || !std::isfinite(*row.noise_floor)) return;
  summaries.add(pair.run + ending, card_group(stream_, "floor of " + row.measure) + pair.card,
                row.noise_floor);
  summaries.floors.add(tag, ending, row.direction, *row.noise_floor);
}

void StreamEvents::add_spectrum(const SpectrumRow& row, const RunFacts& facts,
                                RunSummaries& summaries) const {
  std::vector<double> correlations = row.canonical_correlations;
  std::erase_if(correlations, [](double value) { return !std::isfinite(value); });
  if (correlations.empty()) return;
  const PairPlace pair = livecca::place_of(row, facts);
  summaries.of[pair.run].correlations(card_group(stream_, "spectrum") + pair.card, correlations);
}

void StreamEvents::add_health(const LayerRow& row, RunSummaries& summaries) const {
  const std::string run = layer_run(row.layer, row.layer);
  const std::string group = card_group(stream_, "health of " + row.network);
  summaries.add(run, group + "effective_rank", row.effective_rank);
  summaries.add(run, group + "condition", row.condition);
  summaries.add(run, group + "root_mean_square", row.root_mean_square);
  if (row.features == 0 || row.samples == 0) return;
  summaries.add(run, group + "dead",
                static_cast<double>(row.dead) / static_cast<double>(row.features));
}

void StreamEvents::add_drift(const DriftRow& row, const RunFacts& facts,
                             RunSummaries& summaries) const {
  const PairPlace pair = livecca::place_of(row, facts);
  const std::string what = "drift of " + row.measure;
  summaries.add(pair.run, card_group(stream_, what) + pair.card, row.drift());
  summaries.add(pair.run, card_group(stream_, what + ", by sizes") + pair.card, row.of_sizes());
}

void StreamEvents::add_to_picture(const MeasureRow& row) {
  const PictureKey key(row.measure, row.reference);
  Heatmap& picture = pictures_[key];
  if (pictures_begun_.insert(key).second) picture.begin(row.epoch);
  picture.add(row);
}

void StreamEvents::add_to_pictures(const VerdictRow& row) {
  const std::optional<double> moved = row.moved.front();
  const PictureKey motions(row.measure, before_reference(1));
  if (!is_alarm(row) && row.reference.empty() && (moved || pictures_.contains(motions))) {
    MeasureRow motion;
    motion.epoch = row.epoch;
    motion.layer = motion.reference_layer = row.layer;
    motion.reference = motions.second;
    motion.measure = row.measure;
    motion.value = moved;
    motion.noise_floor = 1;  // what unrelated data have in these distances
    add_to_picture(motion);
  }
  const LayerMark mark = marks_.add(row);
  for (const PictureKey& key : pictures_begun_) pictures_[key].mark(row.layer, mark);
}

void StreamEvents::draw_picture(const PictureKey& key, const Heatmap& heatmap,
                                const RunFacts& facts, SummaryMessage& summary) const {
  const auto& [measure, reference] = key;
  // Motions are distances, whatever the run's measure is.
  const Direction direction =
      measure == facts.headline_measure ? facts.headline_direction : Direction::distance;
  const HeatmapTitle title{facts.run, stream_, measure, direction, reference};
  // Beside the charts of the headline, also if it is of the motions, which are in other units.
  const std::string& headline = facts.headline_measure.empty() ? measure : facts.headline_measure;
  std::string tag =
      card_group(stream_, facts.measures.numbered(headline)) + tag_part(reference) + "/heat map";
  if (measure != headline) tag += " of " + tag_part(measure);
  summary.image(tag, draw(heatmap, title, facts.layers));
}

void StreamEvents::write_verdicts(const SnapshotRows& rows, const RunFacts& facts,
                                  SummaryMessage& summary) {
  const bool had_alarm = marks_.has_alarm();
  marks_.begin({rows.epoch, rows.step});
  for (const VerdictRow& row : rows.verdicts) {
    if (row.stream == stream_) add_to_pictures(row);
  }
  TableCells table = verdict_table(rows, stream_, facts.layers);
  if (table.empty() && had_alarm) table = {{"alarms"}, {"nothing is wrong any more"}};
  if (table.empty()) return;
  summary.table(stream_ == Stream::train ? "train: 1 verdicts" : "1 verdicts", table);
}

std::vector<PlacedSummary> StreamEvents::snapshot(const SnapshotRows& rows, const RunFacts& facts) {
  const std::int64_t step = take_step(facts.place_of(rows.epoch, rows.step));
  RunSummaries summaries;
  pictures_begun_.clear();
  for (const MeasureRow& row : rows.measures) {
    if (row.stream != stream_) continue;
    add_number(row, facts, summaries);
    if (row.measure == facts.headline_measure) add_to_picture(row);
  }
  for (const SpectrumRow& row : rows.spectra) {
    if (row.stream == stream_) add_spectrum(row, facts, summaries);
  }
  for (const LayerRow& row : rows.layers) {
    if (row.stream == stream_) add_health(row, summaries);
  }
  for (const DriftRow& row : rows.drifts) {
    if (stream_ == Stream::train) add_drift(row, facts, summaries);
  }
  SummaryMessage& own = summaries.of[""];
  write_verdicts(rows, facts, own);
  for (const PictureKey& key : pictures_begun_) {
    const Heatmap& picture = pictures_[key];
    if (picture.is_column_full()) draw_picture(key, picture, facts, own);
  }
  std::vector<PlacedSummary> placed;
  place(step, summaries, placed);
  return placed;
}

SummaryMessage StreamEvents::final_overview(const SnapshotRows& rows, const RunFacts& facts) {
  // Rows come a pair at a time, columns are filled a snapshot at a time.
  std::map<Snapshot, std::map<std::string, std::vector<const MeasureRow*>>> columns;
  for (const MeasureRow& row : rows.measures) {
    if (row.stream != stream_ || row.measure != facts.headline_measure) continue;
    columns[{row.epoch, row.step}][row.reference].push_back(&row);
  }
  std::map<std::string, Heatmap> pictures;
  for (const auto& [snapshot, references] : columns) {
    for (const auto& [reference, column] : references) {
      Heatmap& picture = pictures[reference];
      picture.begin(snapshot.first);
      for (const MeasureRow* row : column) picture.add(*row);
      for (const MeasureRow* row : column)
        picture.mark(row->layer, marks_.at(row->layer, snapshot));
    }
  }
  SummaryMessage overview;
  for (const auto& [reference, picture] : pictures) {
    draw_picture({facts.headline_measure, reference}, picture, facts, overview);
  }
  if (const TableCells record = record_table(rows.verdict_records, facts.layers);
      stream_ == Stream::probe && !record.empty()) {
    overview.table("2 verdict record", record);
  }
  return overview;
}

std::vector<PlacedSummary> StreamEvents::final_report(const SnapshotRows& rows,
                                                      const RunFacts& facts) {
  std::map<Snapshot, RunSummaries> snapshots;
  for (const MeasureRow& row : rows.measures) {
    if (row.stream == stream_) add_number(row, facts, snapshots[{row.epoch, row.step}]);
  }
  for (const SpectrumRow& row : rows.spectra) {
    if (row.stream == stream_) add_spectrum(row, facts, snapshots[{row.epoch, row.step}]);
  }
  std::vector<PlacedSummary> result;
  std::int64_t next = std::numeric_limits<std::int64_t>::min();
  for (auto& [snapshot, summaries] : snapshots) {
    const std::int64_t step = std::max(facts.place_of(snapshot.first, snapshot.second), next);
    next = step + 1;
    place(step, summaries, result);
  }
  SummaryMessage overview = final_overview(rows, facts);
  if (!overview.empty()) result.push_back({"", std::max(next, next_step()), std::move(overview)});
  // A file is then written once.
  std::ranges::stable_sort(result, {}, &PlacedSummary::run);
  return result;
}

std::optional<PlacedSummary> StreamEvents::last_pictures(const RunFacts& facts) {
  PlacedSummary result{"", last_step_.value_or(0), {}};
  for (const auto& [key, picture] : pictures_) {
    if (!picture.is_column_full()) draw_picture(key, picture, facts, result.summary);
  }
  if (result.summary.empty()) return std::nullopt;
  return result;
}

}  // namespace livecca
