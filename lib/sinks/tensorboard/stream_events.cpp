#include "sinks/tensorboard/stream_events.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "livecca/sinks/reference.hpp"
#include "sinks/tensorboard/tags.hpp"
#include "sinks/tensorboard/verdict_table.hpp"

namespace livecca {
namespace {

void add(SummaryMessage& summary, const std::string& tag, std::optional<double> value) {
  if (value && std::isfinite(*value)) summary.scalar(tag, *value);
}

std::string tag_of(const MeasureRow& row, const std::string& what) {
  return pair_tag(row.stream, what, row.reference, row.layer, row.reference_layer);
}

void add(SummaryMessage& summary, const SpectrumRow& row) {
  std::vector<double> correlations = row.canonical_correlations;
  std::erase_if(correlations, [](double value) { return !std::isfinite(value); });
  if (correlations.empty()) return;
  summary.correlations(
      pair_tag(row.stream, "canonical_correlations", row.reference, row.layer, row.reference_layer),
      correlations);
}

void add(SummaryMessage& summary, const LayerRow& row) {
  add(summary, layer_tag(row, "effective_rank"), row.effective_rank);
  add(summary, layer_tag(row, "condition"), row.condition);
  add(summary, layer_tag(row, "root_mean_square"), row.root_mean_square);
  if (row.features == 0 || row.samples == 0) return;
  summary.scalar(layer_tag(row, "dead"),
                 static_cast<double>(row.dead) / static_cast<double>(row.features));
}

}  // namespace

StreamEvents::StreamEvents(Stream stream, const std::filesystem::path& folder)
    : stream_(stream), file_(folder), final_file_(folder, final_ending) {}

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

void StreamEvents::recall(const MeasureRow& row, const RunFacts& facts) {
  const std::string tag = tag_of(row, row.measure);
  recall_snapshot(row.epoch, row.step, tag, facts);
  parts_.ending_of(tag, row);
  layout_.add(row.stream, row.measure, row.reference, row.noise_floor.has_value());
  if (row.measure == facts.headline_measure) add_to_picture(row);
}

void StreamEvents::recall(const LayerRow& row, const RunFacts& facts) {
  recall_snapshot(row.epoch, row.step, layer_tag(row, ""), facts);
}

void StreamEvents::recall(const VerdictRow& row) { add_to_pictures(row); }

void StreamEvents::add_number(const MeasureRow& row, SummaryMessage& summary) {
  const std::string tag = tag_of(row, row.measure);
  const std::string part = parts_.ending_of(tag, row);
  add(summary, tag + part, row.value);
  add(summary, tag_of(row, row.measure + "_noise_floor") + part, row.noise_floor);
  layout_.add(row.stream, row.measure, row.reference, row.noise_floor.has_value());
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
  summary.image(std::string("livecca/") + name_of(stream_) + "/heatmap/" + tag_part(measure) + '/' +
                    tag_part(reference),
                draw(heatmap, title, facts.layers));
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
  summary.table(std::string("livecca/") + name_of(stream_) + "/verdicts", table);
}

PlacedSummary StreamEvents::snapshot(const SnapshotRows& rows, const RunFacts& facts) {
  PlacedSummary result{take_step(facts.place_of(rows.epoch, rows.step)), {}};
  SummaryMessage& summary = result.summary;
  pictures_begun_.clear();
  for (const MeasureRow& row : rows.measures) {
    if (row.stream != stream_) continue;
    add_number(row, summary);
    if (row.measure == facts.headline_measure) add_to_picture(row);
  }
  for (const SpectrumRow& row : rows.spectra) {
    if (row.stream == stream_) add(summary, row);
  }
  for (const LayerRow& row : rows.layers) {
    if (row.stream == stream_) add(summary, row);
  }
  for (const DriftRow& row : rows.drifts) {
    if (stream_ != Stream::train) break;
    const auto tag = [&](const std::string& what) {
      return pair_tag(stream_, row.measure + what, row.reference, row.layer, row.reference_layer);
    };
    add(summary, tag("_drift"), row.drift());
    add(summary, tag("_drift_of_sizes"), row.of_sizes());
  }
  write_verdicts(rows, facts, summary);
  for (const PictureKey& key : pictures_begun_) {
    const Heatmap& picture = pictures_[key];
    if (picture.is_column_full()) draw_picture(key, picture, facts, summary);
  }
  if (layout_.is_changed()) summary.layout(layout_.take());
  return result;
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
  if (const TableCells record = record_table(rows.verdict_records);
      stream_ == Stream::probe && !record.empty()) {
    overview.table("livecca/probe/verdict_record", record);
  }
  if (layout_.is_changed()) overview.layout(layout_.take());
  return overview;
}

std::vector<PlacedSummary> StreamEvents::final_report(const SnapshotRows& rows,
                                                      const RunFacts& facts) {
  std::map<Snapshot, SummaryMessage> summaries;
  for (const MeasureRow& row : rows.measures) {
    if (row.stream == stream_) add_number(row, summaries[{row.epoch, row.step}]);
  }
  for (const SpectrumRow& row : rows.spectra) {
    if (row.stream == stream_) add(summaries[{row.epoch, row.step}], row);
  }
  std::vector<PlacedSummary> result;
  std::int64_t next = std::numeric_limits<std::int64_t>::min();
  for (auto& [snapshot, summary] : summaries) {
    const std::int64_t step = std::max(facts.place_of(snapshot.first, snapshot.second), next);
    next = step + 1;
    if (!summary.empty()) result.push_back({step, std::move(summary)});
  }
  SummaryMessage overview = final_overview(rows, facts);
  if (!overview.empty()) result.push_back({std::max(next, next_step()), std::move(overview)});
  return result;
}

std::optional<PlacedSummary> StreamEvents::last_pictures(const RunFacts& facts) {
  PlacedSummary result{last_step_.value_or(0), {}};
  for (const auto& [key, picture] : pictures_) {
    if (!picture.is_column_full()) draw_picture(key, picture, facts, result.summary);
  }
  if (result.summary.empty()) return std::nullopt;
  return result;
}

}  // namespace livecca
