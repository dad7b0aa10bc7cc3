#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "livecca/sinks/sink.hpp"

namespace livecca_tests {

/// Layers of a network that is watched, names that are hard to write among them.
inline const std::vector<std::string>& made_up_layers() {
  static const std::vector<std::string> layers{"conv1", "features/block 2.conv", "conv3", "fc",
                                               "odd \"~%\\\n\xC3\xA9\xFF|*[x]<b>"};
  return layers;
}

inline livecca::RunRow made_up_run() {
  livecca::RunRow row;
  row.network = "net";
  row.measures = {"pwcca", "made_up"};  // the latter has no noise floor
  for (const std::string& layer : made_up_layers()) row.taps.push_back({"net", layer, "nchw"});
  row.taps.push_back({"seed7", "conv1", "nchw"});
  return row;
}

/// What is added to every step, as in a run that goes on with another schedule.
inline std::int64_t& made_up_delay() {
  static std::int64_t steps = 0;
  return steps;
}

/// Snapshots 5 and 6 are of the same step.
inline std::uint64_t made_up_step(std::int64_t snapshot) {
  return static_cast<std::uint64_t>((snapshot == 6 ? 50 : 10 * snapshot) + made_up_delay());
}

/// Falls from the bottom up, and hits the noise floor of 0.9 at first.
inline std::optional<double> made_up_value(std::int64_t snapshot, std::size_t layer) {
  if (layer == 2 && snapshot % 7 == 3) return std::nullopt;
  return 0.05 + std::exp(-static_cast<double>(snapshot) / (3.0 + 4.0 * static_cast<double>(layer)));
}

/// What every row of a stream says first.
template <typename Row>
Row made_up_row(std::int64_t snapshot, livecca::Stream stream, const std::string& layer) {
  Row row;
  row.epoch = snapshot;
  row.step = made_up_step(snapshot);
  row.stream = stream;
  row.layer = layer;
  return row;
}

inline livecca::MeasureRow made_up_measure(std::int64_t snapshot, livecca::Stream stream,
                                           std::size_t layer, const std::string& reference,
                                           const std::string& measure) {
  auto row = made_up_row<livecca::MeasureRow>(snapshot, stream, made_up_layers()[layer]);
  row.reference = reference;
  row.reference_kind = livecca::kind_of_reference(reference);
  row.reference_layer = layer == 3 && reference == "seed7" ? "head.fc" : row.layer;
  row.measure = measure;
  if (measure.ends_with("_distance")) row.direction = livecca::Direction::distance;
  row.value = made_up_value(snapshot, layer);
  row.status = row.value ? livecca::Status::ok : livecca::Status::constant;
  if (stream == livecca::Stream::train && row.value) row.value = *row.value * 1.125;
  if (measure == "made_up_similarity" && row.value) {
    row.value = 1 - *row.value / 2;
  } else if (row.value) {
    row.noise_floor = 0.9;
  }
  return row;
}

inline void add_made_up_stream(livecca::SnapshotRows& rows, std::int64_t snapshot,
                               livecca::Stream stream) {
  for (std::size_t layer = 0; layer < made_up_layers().size(); ++layer) {
    for (const char* reference : {"seed7", "start", "a/b"}) {
      for (const char* measure : {"pwcca_distance", "made_up_similarity"}) {
        rows.measures.push_back(made_up_measure(snapshot, stream, layer, reference, measure));
      }
      const livecca::MeasureRow& pair = rows.measures.back();
      auto spectrum = made_up_row<livecca::SpectrumRow>(snapshot, stream, pair.layer);
      spectrum.reference = reference;
      spectrum.reference_layer = pair.reference_layer;
      for (int i = 0; pair.value && i < 16; ++i) {
        spectrum.canonical_correlations.push_back(
            std::exp(-0.02 * i * static_cast<double>(snapshot + 1)));
      }
      rows.spectra.push_back(spectrum);
    }
    auto health = made_up_row<livecca::LayerRow>(snapshot, stream, made_up_layers()[layer]);
    health.network = "net";
    health.features = 16;
    health.dead = layer;
    health.samples = 1000;
    health.effective_rank = 3.5 + static_cast<double>(layer);
    health.root_mean_square = 0.1 * static_cast<double>(snapshot + 1);
    if (layer != 1) health.condition = 1e6;
    rows.layers.push_back(health);
  }
}

/// Layers settle from the bottom up. conv3 dies at some snapshots.
inline void add_made_up_verdicts(livecca::SnapshotRows& rows, std::int64_t snapshot) {
  for (std::size_t layer = 0; layer < made_up_layers().size(); ++layer) {
    auto verdict =
        made_up_row<livecca::VerdictRow>(snapshot, livecca::Stream::probe, made_up_layers()[layer]);
    const auto settles = static_cast<std::int64_t>(6 + 2 * layer);
    verdict.verdict = snapshot < 6 ? "undecided" : snapshot < settles ? "moving" : "settled";
    verdict.measure = "pwcca_distance";
    if (snapshot >= settles) verdict.since_epoch = settles;
    if (snapshot > 0) verdict.moved[0] = verdict.speed = 0.5 / static_cast<double>(snapshot);
    if (snapshot > 5) {
      verdict.remaining = 0.3;
      verdict.remaining_low = 0.1;
      verdict.remaining_high = 0.4;
    }
    rows.verdicts.push_back(verdict);
    auto direction =
        made_up_row<livecca::DirectionRow>(snapshot, livecca::Stream::probe, verdict.layer);
    direction.reference = "start";
    direction.reference_layer = verdict.layer;
    direction.measure = "pwcca_distance";
    direction.direction = snapshot < 2 ? "undecided" : "leaving";
    rows.directions.push_back(direction);
  }
  if (snapshot % 7 != 3) return;
  auto alarm = made_up_row<livecca::VerdictRow>(snapshot, livecca::Stream::probe, "conv3");
  alarm.verdict = "dead";
  alarm.message = "conv3: all neurons are constant";
  rows.verdicts.push_back(alarm);
}

/// The probe stream, and the train stream at every other snapshot.
inline livecca::SnapshotRows made_up_snapshot(std::int64_t snapshot) {
  livecca::SnapshotRows rows;
  rows.epoch = snapshot;
  rows.step = made_up_step(snapshot);
  add_made_up_stream(rows, snapshot, livecca::Stream::probe);
  add_made_up_verdicts(rows, snapshot);
  livecca::OverheadRow overhead;
  overhead.epoch = snapshot;
  overhead.step = rows.step;
  overhead.share = 0.01;
  rows.overhead = overhead;
  if (snapshot % 2 != 0) return rows;
  add_made_up_stream(rows, snapshot, livecca::Stream::train);
  rows.drifts.push_back({snapshot,
                         rows.step,
                         "conv1",
                         "seed7",
                         "conv1",
                         "pwcca_distance",
                         *made_up_value(snapshot, 0),
                         *made_up_value(snapshot, 0) * 1.125,
                         {},
                         {}});
  return rows;
}

/// Of every snapshot's state to the last one's.
inline livecca::SnapshotRows made_up_final(std::int64_t snapshots) {
  livecca::SnapshotRows rows;
  rows.epoch = snapshots - 1;
  rows.step = made_up_step(snapshots - 1);
  rows.is_final = true;
  for (std::size_t layer = 0; layer < made_up_layers().size(); ++layer) {
    for (std::int64_t snapshot = 0; snapshot + 1 < snapshots; ++snapshot) {
      rows.measures.push_back(
          made_up_measure(snapshot, livecca::Stream::probe, layer, "final", "pwcca_distance"));
    }
  }
  return rows;
}

}  // namespace livecca_tests
