#include <algorithm>
#include <utility>

#include "moments/products/product_kernel.hpp"
#include "monitor/comparison/changed_width.hpp"
#include "monitor/monitor_state.hpp"

namespace livecca {
namespace {

/// Whether it is about a tap of these, as "net/conv1" or "net/conv1 with seed7/conv1".
bool is_of_taps(const std::string& subject, const EndedWindow& window) {
  return std::ranges::any_of(window.taps, [&](std::size_t tap) {
    const std::string name = window.moments.taps[tap].name.text();
    return subject == name || subject.starts_with(name + " with ");
  });
}

}  // namespace

void Monitor::State::report_to(SnapshotReport& report, const Event& event) noexcept {
  report_event(writer, report, [&] { return event; });
}

void Monitor::State::report_discarded(Stream stream, std::uint64_t steps, SnapshotReport& report) {
  if (steps == 0) return;
  report_to(report, {report.epoch, "step_discarded", livecca::name_of(stream),
                     std::to_string(steps) + " steps began and did not end; they were discarded"});
}

void Monitor::State::report_epoch_stepped_back(const FrontState& front_then,
                                               SnapshotReport& report) {
  const auto& before = front_then.snapshot_epoch;
  if (!before || *before <= report.epoch) return;
  report_to(report, {report.epoch, "epoch_stepped_back", "epoch",
                     "expected an epoch of at least " + std::to_string(*before) +
                         ", as of the snapshot before, got " + std::to_string(report.epoch) +
                         "; rows keep the order in which they came"});
}

void Monitor::State::report_training_modes(const EndedWindow& window, SnapshotReport& report) {
  for (const auto& [network, is_training] : window.training_modes) {
    if (!is_training) continue;
    report_to(report, {report.epoch, "training_mode", network,
                       "expected the probe to run in evaluation mode, got training mode: dropout "
                       "and batch statistics change the numbers from pass to pass"});
  }
}

Event Monitor::State::pass_discarded(std::int64_t epoch, std::string_view why) {
  return {epoch, "step_discarded", livecca::name_of(Stream::probe),
          "this pass over the probe was dropped, because it failed: " + std::string(why)};
}

void Monitor::State::report_discarded_pass(const FrontState& front_then, SnapshotReport& report) {
  if (front_then.probe_discarded.empty() || front_then.streams[0].begun > 0) return;
  // The rows have it already.
  report.events.push_back(pass_discarded(report.epoch, front_then.probe_discarded));
}

void Monitor::State::report_faults(Stream stream, const EndedWindow& window,
                                   SnapshotReport& report) {
  const PanelMoments& moments = window.moments;
  const std::int64_t epoch = report.epoch;
  if (!window.dropped.empty()) {
    report.events.push_back({epoch, "window_dropped", livecca::name_of(stream), window.dropped});
    return;
  }
  std::size_t other_positions = 0;
  const Fault* example = nullptr;
  for (const Fault& fault : moments.faults) {
    if (!is_of_taps(fault.subject, window)) continue;
    if (fault.kind == FaultKind::rows_differ && options.pairing.is_all()) {
      ++other_positions;
      example = &fault;
      continue;
    }
    const std::string subject = stream == Stream::train ? "train: " + fault.subject : fault.subject;
    report_to(report, {epoch, livecca::name_of(fault.kind), subject, fault.message});
  }
  if (other_positions > 0) {
    report_to(report, {epoch, "rows_differ", "all with all",
                       std::to_string(other_positions) +
                           " pairs of layers on other positions are not compared, as " +
                           example->subject + ": " + example->message + "; read them pooled"});
  }
  report_changed_widths(stream, window, report);
  report_discarded(stream, moments.steps_discarded, report);
  if (moments.steps_committed == 0) report_no_step(stream, report);
}

void Monitor::State::report_no_step(Stream stream, SnapshotReport& report) {
  report_to(report, {report.epoch, "missing", livecca::name_of(stream),
                     "expected at least one step before a snapshot, got none"});
}

void Monitor::State::report_unverified_probe(std::int64_t epoch, SnapshotReport& report) {
  if (probe_inputs || (history.snapshots() > 0 && !history.start_has_fingerprint())) return;
  if (std::exchange(was_unverified_told, true)) return;
  report_to(report, {epoch, "unverified_probe", "probe",
                     std::string("expected the probe's inputs") +
                         (history.snapshots() > 0 ? " as at the start" : "") +
                         ", to notice when they change, got none; give them to the probe's "
                         "steps"});
}

void Monitor::State::report_changed_widths(Stream stream, const EndedWindow& window,
                                           SnapshotReport& report) {
  std::map<std::size_t, std::size_t>& known = widths[static_cast<std::size_t>(stream)];
  for (const std::size_t tap : window.taps) {
    if (tap >= window.moments.taps.size()) continue;
    const TapMoments& now = window.moments.taps[tap];
    if (!now.moments || now.moments->samples() == 0) continue;
    const std::string why = changed_width(known, tap, now.features_of_tap);
    if (why.empty()) continue;
    report_to(report, {report.epoch, "shape_changed",
                       (stream == Stream::train ? "train: " : "") + now.name.text(), why});
  }
}

void Monitor::State::report_lonely(const RecordedSide& side, SnapshotJob& job) {
  if (side.is_own() || job.layers.empty()) return;
  for (const auto& [other, pack] : side.layers) {
    for (const std::string& layer : job.layers) {
      if (are_paired(side, layer, other, options.pairing)) return;
    }
  }
  report_to(*job.report, {job.epoch, "missing", side.network,
                          expected_a_pair(side, options.network, job.layers.front())});
}

void Monitor::State::report_unpaired_references(std::int64_t epoch, SnapshotReport& report) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const WatchedTap& tap = taps.at(i);
    if (tap.network == options.network) continue;
    bool is_paired = false;
    for (std::size_t j = 0; j < taps.size(); ++j) {
      const WatchedTap& other = taps.at(j);
      is_paired |=
          other.network == options.network && options.pairing.pairs(other.layer, tap.layer);
    }
    if (is_paired) continue;
    report_to(report, {epoch, "missing", tap.text(),
                       "expected a layer of this name in " + options.network + ", got none"});
  }
}

void Monitor::State::report_silence(std::int64_t epoch, SnapshotReport& report) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (taps.at(i).network == options.network) return;
  }
  report_to(report, {epoch, "missing", options.network,
                     "expected a layer of this network to be watched, got none: no step observed "
                     "one, and no hook saw one called within its scope, on its thread"});
}

void Monitor::State::report_no_comparison(std::int64_t epoch, SnapshotReport& report) {
  if (options.keep_history || !packs.entries().empty()) return;
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (taps.at(i).network != options.network) return;
  }
  report_to(report, {epoch, "missing", "references",
                     "expected a reference or a history to compare with, got neither, because "
                     "keep_history is false; rows have the layers' health only"});
}

RunRow Monitor::State::run_row() const {
  RunRow row;
  row.version = LIVECCA_VERSION;
  row.network = options.network;
  row.measures = options.measures;
  row.keep_variance = options.keep_variance;
  row.partial_whitening_alpha = options.partial_whitening_alpha;
  row.positions_per_image = options.positions.per_image;
  row.seed = options.positions.seed;
  row.threads = executor.concurrency();
  row.precision = livecca::name_of(options.precision);
  row.instructions = product_kernel().instructions;
  row.max_features = options.max_features;
  row.feature_seed = options.feature_seed;
  row.error_blocks = options.error_blocks;
  row.moments_bytes = probe.panel().moments_bytes();
  row.pairing = options.pairing.text();
  row.train_window = livecca::name_of(options.train_window.kind);
  row.probe_schedule = options.probe_schedule.text();
  row.train_schedule = options.train_schedule.text();
  row.overhead_budget = options.overhead_budget;
  row.synchronous = options.synchronous;
  row.notes = options.notes;
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const WatchedTap& tap = taps.at(i);
    row.taps.push_back({tap.network, tap.layer, tap.reading.text()});
  }
  for (const ReferencePacks::Entry& entry : packs.entries()) {
    row.packs.emplace_back(entry.name, entry.path.string());
  }
  return row;
}

void Monitor::State::write_run_row() {
  const RunRow row = run_row();
  writer.set_heading(row);
  writer.write(row);
}

}  // namespace livecca
