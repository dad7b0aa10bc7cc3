#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "livecca/sinks/sink.hpp"
#include "support/example_rows.hpp"

namespace livecca_tests {

/// Names that a careless page would break on.
inline const std::vector<std::string>& awkward_names() {
  static const std::vector<std::string> names{"",
                                              "say \"hello\"",
                                              "back\\slash\\",
                                              "two\nlines\r\n",
                                              "grüße/漢字/🙂",
                                              "not utf-8: \xff\xc3(\xed\xa0\x80\xf4\x90\x80\x80",
                                              std::string("a\0b", 3),
                                              "{layer=\"x\"} 1 # HELP",
                                              "tab\tand \x01\x7f"};
  return names;
}

inline livecca::MeasureRow measure_row(livecca::Stream stream, const std::string& layer,
                                       double value) {
  livecca::MeasureRow row = number_of(layer, layer, value);
  row.stream = stream;
  row.noise_floor = 0.875;
  row.standard_error = 0.0625;
  row.effective_samples = 2000;
  row.status = livecca::Status::ok;
  return row;
}

inline livecca::LayerRow layer_row(livecca::Stream stream, const std::string& layer) {
  livecca::LayerRow row = layer_row(layer, 64, 0.75);
  row.stream = stream;
  row.dead = 16;
  row.rank = 48;
  row.effective_rank = 12.5;
  row.condition = 1e9;
  return row;
}

inline livecca::VerdictRow verdict_row(livecca::Stream stream, const std::string& layer) {
  livecca::VerdictRow row;
  row.layer = layer;
  row.measure = "pwcca_distance";
  row.stream = stream;
  row.verdict = "settled";
  row.since_epoch = 12;
  row.speed = 0.0625;
  row.remaining = 0.03125;
  row.remaining_low = 0.0078125;
  row.remaining_high = 0.125;
  row.exponent = 1.5;
  row.settling_epoch = 20;
  row.settling_epoch_low = 18;
  row.settling_epoch_high = 25;
  return row;
}

inline livecca::DirectionRow direction_row(livecca::Stream stream, const std::string& layer) {
  auto row = row_of_pair<livecca::DirectionRow>(layer, layer);
  row.stream = stream;
  row.direction = "nearing";
  return row;
}

inline livecca::OverheadRow overhead_row() {
  livecca::OverheadRow row;
  row.observe_seconds = 0.5;
  row.wait_seconds = 0.25;
  row.accumulate_seconds = 2;
  row.solve_seconds = 4;
  row.training_seconds = 100;
  row.share = 0.0075;
  row.train_steps_observed = 20;
  row.train_steps_dropped = 3;
  row.lines_lost = 2;
  row.resumes = 1;
  return row;
}

inline livecca::Event event_of(const std::string& what, const std::string& subject,
                               std::uint64_t count = 1) {
  return {.epoch = 1, .what = what, .subject = subject, .message = "made up", .count = count};
}

inline livecca::RunRow run_row(const std::string& network) {
  livecca::RunRow row;
  row.network = network;
  row.precision = "exact";
  return row;
}

/// A snapshot of both streams, as a training that comes nearer to its reference gives.
inline livecca::SnapshotRows snapshot_rows(std::int64_t epoch,
                                           const std::vector<std::string>& layers) {
  livecca::SnapshotRows rows;
  rows.epoch = epoch;
  rows.step = static_cast<std::uint64_t>(epoch) * 100;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double value = 0.2 + 0.1 * static_cast<double>(i) + std::exp(-static_cast<double>(epoch));
    for (const auto stream : {livecca::Stream::probe, livecca::Stream::train}) {
      rows.measures.push_back(measure_row(stream, layers[i], value));
      rows.layers.push_back(layer_row(stream, layers[i]));
      rows.verdicts.push_back(verdict_row(stream, layers[i]));
      rows.directions.push_back(direction_row(stream, layers[i]));
    }
    auto drift = row_of_pair<livecca::DriftRow>(layers[i], layers[i]);
    drift.probe = 0.25;
    drift.train = 0.375;
    drift.probe_noise_floor = 0.875;
    drift.train_noise_floor = 0.8125;
    rows.drifts.push_back(drift);
  }
  rows.verdict_records.resize(1);
  rows.overhead = overhead_row();
  return rows;
}

}  // namespace livecca_tests
