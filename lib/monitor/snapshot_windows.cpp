#include <exception>
#include <future>
#include <new>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/comparison/final_curves.hpp"
#include "monitor/comparison/verdict_records.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/pacing/time_spent.hpp"

namespace livecca {
namespace {

// One is being solved while the next waits: each holds a window's moments.
constexpr std::size_t most_unsolved = 2;

bool is_training(const EndedWindow& window, const std::string& network) {
  const auto told = window.training_modes.find(network);
  return told != window.training_modes.end() && told->second;
}

}  // namespace

void FrontState::begin_probe_pass() {
  streams[0].begun = streams[0].discarded = 0;
  probe_images = 0;
  probe_failure.clear();
  probe_discarded.clear();
}

void Monitor::State::end_windows(std::int64_t epoch, std::array<bool, 2> streams,
                                 FrontState& then) {
  const std::lock_guard lock(front_mutex);
  front.expect_running();
  if (streams[0]) front.expect_no_probe_step();
  front.epoch = epoch;
  then = front;
  front.snapshot_epoch = epoch;
  ++front.counted;
  if (streams[0]) front.begin_probe_pass();
  if (streams[1]) front.streams[1].begun = front.streams[1].discarded = 0;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (streams[i]) front.streams[i].loss = {};
  }
}

std::unique_ptr<PendingSnapshot> Monitor::State::begin_snapshot(std::int64_t epoch,
                                                                std::array<bool, 2> streams) {
  constexpr int tries = 2;
  for (int i = 0; i < tries; ++i) {
    try {
      auto pending = std::make_unique<PendingSnapshot>();
      SnapshotJob& job = pending->job;
      job.report = std::make_shared<SnapshotReport>();
      job.epoch = job.report->epoch = epoch;
      pending->streams = streams;
      end_windows(epoch, streams, pending->front_then);
      job.step = job.report->step = pending->front_then.step();
      for (std::size_t stream = 0; stream < streams.size(); ++stream) {
        job.losses[stream] = pending->front_then.streams[stream].loss.mean();
      }
      job.learning_rate = pending->front_then.learning_rate;
      return pending;
    } catch (const std::bad_alloc&) {
      if (options.synchronous) continue;
      // Steps and solves that come to their end give memory back.
      executor.drain(Lane::training);
      executor.drain(Lane::solve);
    }
  }
  return nullptr;
}

void Monitor::State::lose_snapshot(std::array<bool, 2> streams) noexcept {
  writer.lose(Loss::snapshot);
  const std::lock_guard lock(front_mutex);
  // The next snapshot would mix this pass over the probe with a later one.
  if (streams[0] && front.streams[0].begun > 0) keep_reason(front.probe_failure, "out of memory");
}

SnapshotTicket Monitor::State::snapshot(std::int64_t epoch, std::array<bool, 2> streams) {
  overhead.interrupt();
  // What is counted and what is queued change together, as save() sees it.
  const std::lock_guard lock(ordering);
  std::unique_ptr<PendingSnapshot> pending = begin_snapshot(epoch, streams);
  if (!pending) {
    lose_snapshot(streams);
    return SnapshotTicket({});
  }
  SnapshotTicket ticket(pending->promise.get_future().share());
  // Plain pointers: a std::function of so little takes no memory.
  PendingSnapshot* const ended = pending.release();
  run_in_order([this, ended] { take_snapshot(std::unique_ptr<PendingSnapshot>(ended)); });
  return ticket;
}

void Monitor::State::take_snapshot(std::unique_ptr<PendingSnapshot> pending) noexcept {
  std::unique_lock lock(pipeline);
  freeze(pending->job, pending->front_then, pending->streams);
  if (options.synchronous) {
    // Under the lock: what save() finds then is before the snapshot or after all its rows.
    solve(std::move(pending));
    return;
  }
  lock.unlock();
  PendingSnapshot* const frozen = pending.release();
  const auto job = [this, frozen] { solve(std::unique_ptr<PendingSnapshot>(frozen)); };
  try {
    executor.submit(Lane::solve, job, most_unsolved);
  } catch (...) {
    // No memory for the hand-over. After the solves before it, it is done here.
    executor.drain(Lane::solve);
    job();
  }
}

void Monitor::State::solve(std::unique_ptr<PendingSnapshot> pending) noexcept {
  {
    const std::lock_guard lock(solving);
    if (before_solve) before_solve();
    solver.solve(pending->job);
  }
  overhead.spent_elsewhere(pending->job.report->solve_seconds);
  pending->promise.set_value(pending->job.report);
}

template <typename Part>
bool Monitor::State::freeze_part(SnapshotJob& job, const Part& part) noexcept {
  std::string why;
  try {
    part();
    return true;
  } catch (const std::exception& failure) {
    keep_reason(why, failure.what());
  } catch (...) {
    keep_reason(why, "unknown");
  }
  report_event(writer, *job.report, [&] {
    return Event{job.epoch, "solve_failed", "snapshot", why};
  });
  return false;
}

void Monitor::State::freeze(SnapshotJob& job, const FrontState& front_then,
                            std::array<bool, 2> streams) noexcept {
  SnapshotReport& report = *job.report;
  freeze_part(job, [&] {
    if (taps_in_run_row == taps.size()) return;
    write_run_row();
    taps_in_run_row = taps.size();
    report_unpaired_references(job.epoch, report);
  });
  if (!std::exchange(was_silence_told, true)) {
    freeze_part(job, [&] { report_silence(job.epoch, report); });
    freeze_part(job, [&] { report_no_comparison(job.epoch, report); });
  }
  report_dropped(job.epoch);
  freeze_part(job, [&] { report_epoch_stepped_back(front_then, report); });
  if (streams[0]) freeze_part(job, [&] { report_discarded_pass(front_then, report); });
  const bool has_train = streams[1] && train && train->is_used();
  // Without any step at all, it is the probe that is missed, unless there is to be none.
  const bool has_no_step = !has_train && front_then.streams[1].begun == 0;
  const bool wants_probe = options.probe_schedule.text() != Schedule::never().text();
  double seconds = 0;
  {
    const TimeSpent time(seconds);
    if (streams[0] &&
        (front_then.streams[0].begun > 0 || probe.is_used() || (has_no_step && wants_probe))) {
      if (!freeze_part(job, [&] { freeze_probe(job, front_then); })) {
        job.probe.reset();
        probe.abandon();  // what there is of the pass must not come into the next one
        lose_probe(job);
      } else if (!freeze_part(job, [&] { keep_probe(job); })) {
        lose_probe(job);
      }
    }
    if (has_train) {
      if (!freeze_part(job, [&] { freeze_train(job, front_then); })) job.train.reset();
    } else if (streams[1]) {
      freeze_part(job, [&] {
        report_discarded(Stream::train, front_then.streams[1].discarded, report);
        if (has_no_step && !wants_probe) report_no_step(Stream::train, report);
      });
    }
  }
  take_overhead(job, front_then, seconds);
}

void Monitor::State::lose_probe(SnapshotJob& job) noexcept {
  job.now.reset();
  job.earlier.clear();
  job.own_past.clear();
  job.layers.clear();
  forget_probe_rows();
}

void Monitor::State::forget_probe_rows() noexcept {
  history.abandon();
  probe_inputs.reset();
}

void Monitor::State::take_overhead(SnapshotJob& job, const FrontState& front_then,
                                   double seconds) noexcept {
  SnapshotReport& report = *job.report;
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
  report_training_modes(window, *job.report);
  report_unverified_probe(job.epoch, *job.report);
  job.probe = std::move(window);
}

void Monitor::State::keep_probe(SnapshotJob& job) {
  const PanelMoments& moments = job.probe->moments;
  const auto moments_of = [&](const std::string& layer) -> const Moments* {
    for (const TapMoments& tap : moments.taps) {
      if (tap.name.network != options.network || tap.name.layer != layer) continue;
      return tap.moments ? &*tap.moments : nullptr;
    }
    return nullptr;
  };
  const auto pack = history.close({.network = options.network,
                                   .epoch = job.epoch,
                                   .step = job.step,
                                   .positions = options.positions,
                                   .fingerprint = whole_fingerprint(moments.images, *job.report),
                                   .is_of_training_mode = is_training(*job.probe, options.network)},
                                  moments_of);
  if (pack) job.now = RecordedSide::of(options.network, ReferenceKind::network, pack);
  add_earlier(job);
}

void Monitor::State::add_earlier(SnapshotJob& job) {
  RecordedSide start = history.start();
  // At its start a layer is not compared with itself.
  start.layers.erase_if([&](const auto& layer) {
    return layer.second && job.now && job.now->layers.find(layer.first) == layer.second;
  });
  if (!start.layers.empty()) job.earlier.push_back(std::move(start));
  for (const std::size_t snapshots : options.compare_before) {
    if (const auto pack = history.before(snapshots, job.now.has_value())) {
      job.earlier.push_back(
          RecordedSide::of(before_reference(snapshots), ReferenceKind::before, pack));
    }
  }
  for (const std::size_t lag : motion_lags) {
    const bool is_asked = job.now && options.keep_history && options.verdicts.own_motion;
    const auto pack = is_asked ? history.at_lag(lag) : nullptr;
    if (pack) {
      job.own_past.push_back(RecordedSide::of(before_reference(lag), ReferenceKind::before, pack));
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
  std::array<std::uint64_t, 2> discarded_of{};
  std::string probe_failure;
  {
    const std::lock_guard lock(front_mutex);
    for (std::size_t i = 0; i < discarded_of.size(); ++i) {
      discarded_of[i] = front.streams[i].discarded;
    }
    keep_reason(probe_failure, front.probe_failure);
  }
  if (!probe_failure.empty()) {
    report_to(report, {report.epoch, "window_dropped", "probe", probe_failure});
  }
  for (const Stream stream : {Stream::probe, Stream::train}) {
    const std::uint64_t steps =
        stream == Stream::probe || train ? window_of(stream).steps() : std::uint64_t{0};
    const std::uint64_t discarded = discarded_of[static_cast<std::size_t>(stream)];
    std::string why;
    if (steps > 0) {
      why = std::to_string(steps) + " steps came after the last snapshot; they are in none";
    }
    if (discarded > 0) {
      why += (why.empty() ? "" : "; ") + std::to_string(discarded) +
             " steps after the last snapshot began and did not end";
    }
    if (why.empty()) continue;
    report_to(report, {report.epoch, "step_discarded", livecca::name_of(stream), why});
  }
}

void Monitor::State::compare_with_final(SnapshotReport& report) noexcept {
  const std::lock_guard lock(pipeline);
  if (!history.kept().empty()) report.epoch = history.kept().back().epoch;
  report_dropped(report.epoch);
  std::string why;
  try {
    report_silence(report.epoch, report);
    report_rest(report);
    history.abandon();
    const TimeSpent time(report.solve_seconds);
    const auto distances = write_final_curves(history.kept(), options, executor, report, writer);
    if (options.verdicts.own_motion) write_verdict_records(distances, options, report, writer);
    return;
  } catch (const std::exception& failure) {
    keep_reason(why, failure.what());
  } catch (...) {
    keep_reason(why, "unknown");
  }
  report_event(writer, report, [&] {
    return Event{report.epoch, "solve_failed", final_reference, why};
  });
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
  callbacks.drain();  // what they write of earlier snapshots does not belong to the end
  writer.begin_end();
  compare_with_final(report);
  try {
    if (!sinks.empty()) writer.give_to_sinks(std::make_shared<const SnapshotRows>(report));
    sinks.drain();
  } catch (...) {
    writer.lose(Loss::sink_call);
  }
  callbacks.drain();
  writer.write_event_counts();
  try {
    writer.finish({.epoch = report.epoch,
                   .what = "finished",
                   .subject = options.run,
                   .message = "training ended"});
  } catch (...) {
    writer.lose(Loss::line);
  }
  callbacks.drain();  // of what the last rows caused
  return report;
}

}  // namespace livecca
