#include <exception>
#include <future>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/comparison/final_curves.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/pacing/time_spent.hpp"

namespace livecca {
namespace {

// One is being solved while the next waits: each holds a window's moments.
constexpr std::size_t most_unsolved = 2;

using Promise = std::promise<std::shared_ptr<const SnapshotReport>>;

}  // namespace

FrontState Monitor::State::end_windows(std::int64_t epoch, std::array<bool, 2> streams) {
  const std::lock_guard lock(front_mutex);
  front.expect_running();
  if (streams[0]) front.expect_no_probe_step();
  front.epoch = epoch;
  FrontState then = front;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (streams[i]) front.streams[i].begun = front.streams[i].discarded = 0;
  }
  if (streams[0]) {
    front.probe_images = front.probe_steps = 0;
    front.probe_failure.clear();
  }
  return then;
}

SnapshotTicket Monitor::State::snapshot(std::int64_t epoch, std::array<bool, 2> streams) {
  overhead.interrupt();
  const FrontState then = end_windows(epoch, streams);
  const auto job = std::make_shared<SnapshotJob>();
  job->epoch = epoch;
  job->step = then.step();
  job->report = std::make_shared<SnapshotReport>();
  job->report->epoch = epoch;
  const auto promise = std::make_shared<Promise>();
  SnapshotTicket ticket(promise->get_future().share());
  run_in_order([this, job, promise, then, streams] {
    std::unique_lock lock(pipeline);
    freeze_what_there_is(*job, then, streams);
    const auto solve = [this, job, promise] {
      solver.solve(*job);
      overhead.spent_elsewhere(job->report->solve_seconds);
      promise->set_value(job->report);
    };
    if (options.synchronous) {
      // Under the lock: what save() finds then is before the snapshot or after all its rows.
      solve();
      return;
    }
    lock.unlock();
    try {
      executor.submit(Lane::solve, solve, most_unsolved);
    } catch (const std::exception&) {
      solve();  // a job that finds no memory is done here
    }
  });
  return ticket;
}

void Monitor::State::freeze_what_there_is(SnapshotJob& job, const FrontState& front_then,
                                          std::array<bool, 2> streams) noexcept {
  try {
    try {
      freeze(job, front_then, streams);
    } catch (const std::exception& failure) {
      job.probe.reset();
      job.train.reset();
      job.now.reset();
      report_to(*job.report, {job.epoch, "solve_failed", "snapshot", failure.what()});
    }
  } catch (...) {
    // Memory ran out while it was told that memory ran out.
  }
}

void Monitor::State::freeze(SnapshotJob& job, const FrontState& front_then,
                            std::array<bool, 2> streams) {
  SnapshotReport& report = *job.report;
  if (taps_in_run_row != taps.size()) {
    taps_in_run_row = taps.size();
    write_run_row();
    report_unpaired_references(job.epoch, report);
  }
  report_dropped(job.epoch);
  const bool has_train = streams[1] && train && train->is_used();
  double seconds = 0;
  {
    const TimeSpent time(seconds);
    // Without any step at all, it is the probe that is missed.
    if (streams[0] && (front_then.streams[0].begun > 0 || probe.is_used() ||
                       (!has_train && front_then.streams[1].begun == 0))) {
      freeze_probe(job, front_then);
    }
    if (has_train) {
      freeze_train(job, front_then);
    } else if (streams[1]) {
      report_discarded(Stream::train, front_then.streams[1].discarded, report);
    }
  }
  overhead.accumulated(seconds);
  overhead.spent_elsewhere(seconds);
  job.overhead = overhead.take(job.epoch);
  job.overhead.step = job.step;
  job.overhead.resumes = front_then.resumes;
  report.observe_seconds = job.overhead.observe_seconds;
  report.wait_seconds = job.overhead.wait_seconds;
  report.accumulate_seconds = job.overhead.accumulate_seconds;
}

std::optional<ProbeFingerprint> Monitor::State::whole_fingerprint(std::uint64_t images,
                                                                  SnapshotReport& report) {
  std::optional<ProbeFingerprint> inputs = std::exchange(probe_inputs, std::nullopt);
  if (!inputs || inputs->inputs() == images) return inputs;
  // Of a part of the probe it would be another probe's.
  report_to(report, {.epoch = report.epoch,
                     .what = "unwatchable",
                     .subject = "inputs",
                     .message = "expected inputs and activations of the same images of the probe, "
                                "got the inputs of " +
                                std::to_string(inputs->inputs()) + " and " +
                                (images == 0 ? "no activations"
                                             : "activations of " + std::to_string(images)) +
                                "; it is compared without its fingerprint"});
  return std::nullopt;
}

void Monitor::State::freeze_probe(SnapshotJob& job, const FrontState& front_then) {
  if (!front_then.probe_failure.empty()) {
    drop_window(Stream::probe, job.epoch, front_then.probe_failure);
  }
  EndedWindow window = probe.end();
  for (std::size_t i = 0; i < window.moments.taps.size(); ++i) window.taps.insert(i);
  window.moments.steps_discarded += front_then.streams[0].discarded;
  report_faults(Stream::probe, window, *job.report);
  report_unverified_probe(job.epoch, *job.report);
  const auto moments_of = [&](const std::string& layer) -> const Moments* {
    for (const TapMoments& tap : window.moments.taps) {
      if (tap.name.network != options.network || tap.name.layer != layer) continue;
      return tap.moments ? &*tap.moments : nullptr;
    }
    return nullptr;
  };
  const auto pack =
      history.close({.network = options.network,
                     .epoch = job.epoch,
                     .step = job.step,
                     .positions = options.positions,
                     .fingerprint = whole_fingerprint(window.moments.images, *job.report)},
                    moments_of);
  job.probe = std::move(window);
  if (pack) job.now = RecordedSide::of(options.network, ReferenceKind::network, pack);
  add_earlier(job);
}

void Monitor::State::add_earlier(SnapshotJob& job) {
  RecordedSide start = history.start();
  // At its start a layer is not compared with itself.
  start.layers.erase_if([&](const auto& layer) {
    return job.now && job.now->layers.find(layer.first) == layer.second;
  });
  if (!start.layers.empty()) job.earlier.push_back(std::move(start));
  for (const std::size_t snapshots : options.compare_before) {
    if (const auto pack = history.before(snapshots, job.now.has_value())) {
      job.earlier.push_back(
          RecordedSide::of(before_reference(snapshots), ReferenceKind::before, pack));
    }
  }
  for (RecordedSide& side : packs.sides()) job.earlier.push_back(std::move(side));
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (taps.at(i).network == options.network) job.layers.push_back(taps.at(i).layer);
  }
  for (const RecordedSide& side : job.earlier) report_lonely(side, job);
}

void Monitor::State::freeze_train(SnapshotJob& job, const FrontState& front_then) {
  EndedWindow window = train->end();
  window.moments.steps_discarded += front_then.streams[1].discarded;
  report_faults(Stream::train, window, *job.report);
  job.train = std::move(window);
}

void Monitor::State::report_rest(SnapshotReport& report) {
  for (const Stream stream : {Stream::probe, Stream::train}) {
    if (stream == Stream::train && !train) continue;
    const std::uint64_t steps = window_of(stream).steps();
    if (steps == 0) continue;
    report_to(report,
              {report.epoch, "step_discarded", livecca::name_of(stream),
               std::to_string(steps) + " steps came after the last snapshot; they are in none"});
  }
}

void Monitor::State::compare_with_final(SnapshotReport& report) {
  const std::lock_guard lock(pipeline);
  if (!history.kept().empty()) report.epoch = history.kept().back().epoch;
  report_dropped(report.epoch);
  report_rest(report);
  history.abandon();
  try {
    const TimeSpent time(report.solve_seconds);
    write_final_curves(history.kept(), options, executor, report, writer);
  } catch (const std::exception& failure) {
    report_to(report, {report.epoch, "solve_failed", final_reference, failure.what()});
  }
}

SnapshotReport Monitor::State::finish() {
  SnapshotReport report;
  report.is_final = true;
  {
    const std::lock_guard lock(front_mutex);
    front.expect_running();
    front.expect_no_probe_step();
    front.is_finished = true;
    report.step = front.step();
    report.epoch = front.epoch;
  }
  executor.drain(Lane::training);
  executor.drain(Lane::solve);
  compare_with_final(report);
  if (!sinks.empty()) writer.give_to_sinks(std::make_shared<const SnapshotRows>(report));
  sinks.drain();
  writer.write_event_counts();
  writer.finish({.epoch = report.epoch,
                 .what = "finished",
                 .subject = options.run,
                 .message = "training ended"});
  return report;
}

}  // namespace livecca
