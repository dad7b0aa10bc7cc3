#include <exception>
#include <future>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/final_curves.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/time_spent.hpp"

namespace livecca {
namespace {

// One is being solved while the next waits: each holds a window's moments.
constexpr std::size_t most_unsolved = 2;

using Promise = std::promise<std::shared_ptr<const SnapshotReport>>;

}  // namespace

void Monitor::State::run_in_order(std::function<void()> job) {
  if (options.synchronous) {
    job();
    return;
  }
  double waited = 0;
  {
    const TimeSpent time(waited);
    executor.submit(Lane::training, std::move(job), options.queue_steps);
  }
  overhead.waited(waited);
}

void Monitor::State::give_back(std::unique_ptr<StepBuffer> buffer) {
  held_bytes -= buffer->held_bytes;
  buffer->release();
  pool.give_back(std::move(buffer));
}

StreamWindow& Monitor::State::window_of(Stream stream) {
  if (stream == Stream::probe) return probe;
  if (!train) train.emplace(Stream::train, options, executor);
  return *train;
}

void Monitor::State::take_inputs(StepBuffer& buffer) {
  std::string why;
  if (buffer.read_held_inputs(why)) {
    if (!buffer.inputs) return;
    if (!probe_inputs) probe_inputs.emplace();
    if (probe_inputs->append(*buffer.inputs, why)) return;
  }
  writer.report(
      {.epoch = buffer.epoch, .what = "unwatchable", .subject = "inputs", .message = why});
}

void Monitor::State::take_step(std::unique_ptr<StepBuffer> buffer) {
  const std::lock_guard lock(pipeline);
  const Stream stream = buffer->stream;
  double seconds = 0;
  try {
    const TimeSpent time(seconds);
    StreamWindow& window = window_of(stream);
    window.add_new(taps);
    take_inputs(*buffer);
    buffer->pack_held(taps, packing());
    window.feed(*buffer, taps, [&](std::size_t index, const PackedRows* rows) {
      if (stream != Stream::probe) return;
      const WatchedTap& tap = taps.at(index);
      if (rows != nullptr) {
        history.append(tap.layer, tap.reading, *rows, buffer->epoch);
      } else {
        history.spoil(tap.layer);
      }
    });
  } catch (const std::exception& failure) {
    const std::string reason = std::string("a step failed: ") + failure.what();
    if (stream == Stream::probe) {
      drop_probe(buffer->epoch, reason);
    } else {
      window_of(stream).drop(reason);
      writer.report({buffer->epoch, "window_dropped", "train", reason});
    }
  }
  if (stream == Stream::probe) {
    overhead.probe_step(buffer->cost_seconds, seconds);
  } else {
    overhead.train_step(buffer->cost_seconds, buffer->images_share, seconds);
  }
  give_back(std::move(buffer));
}

void Monitor::State::drop_probe(std::int64_t epoch, const std::string& reason) {
  probe.drop(reason);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (taps.at(i).network == options.network) history.spoil(taps.at(i).layer);
  }
  writer.report({epoch, "window_dropped", "probe", reason});
}

void Monitor::State::hand_over(std::unique_ptr<StepBuffer> buffer) {
  const bool may_be_dropped = buffer->stream == Stream::train && !options.synchronous;
  // A std::function must be copyable; the one that runs takes the buffer.
  StepBuffer* const raw = buffer.release();
  if (!may_be_dropped) {
    run_in_order([this, raw] { take_step(std::unique_ptr<StepBuffer>(raw)); });
    return;
  }
  const bool taken = executor.try_submit(
      Lane::training, [this, raw] { take_step(std::unique_ptr<StepBuffer>(raw)); },
      options.queue_steps);
  if (taken) return;
  const std::int64_t epoch = raw->epoch;
  overhead.train_step_lost(raw->cost_seconds, raw->images_share, true);
  give_back(std::unique_ptr<StepBuffer>(raw));
  writer.report({epoch, "step_dropped", "train",
                 "expected a place in the queue of " + std::to_string(options.queue_steps) +
                     " steps, got none; training went on"});
}

SnapshotTicket Monitor::State::snapshot(std::int64_t epoch, std::array<bool, 2> streams) {
  const auto report = std::make_shared<SnapshotReport>();
  report->epoch = epoch;
  const auto promise = std::make_shared<Promise>();
  SnapshotTicket ticket(promise->get_future().share());
  overhead.interrupt();
  FrontState then;
  {
    const std::lock_guard lock(front_mutex);
    if (streams[0] && front.probe_is_open) {
      throw Error("monitor: expected the open probe step to be committed first");
    }
    front.epoch = epoch;
    then = front;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (streams[i]) front.streams[i].begun = front.streams[i].discarded = 0;
    }
    if (streams[0]) {
      front.probe_images = front.probe_steps = 0;
    }
  }
  run_in_order([this, report, promise, then, streams] {
    const auto job = std::make_shared<SnapshotJob>();
    job->epoch = report->epoch;
    job->step = then.step();
    job->report = report;
    std::unique_lock pipeline_lock(pipeline);
    try {
      freeze(*job, then, streams);
    } catch (const std::exception& failure) {
      report_to(*report, {report->epoch, "solve_failed", "snapshot", failure.what()});
      job->probe.reset();
      job->train.reset();
      job->now.reset();
    }
    const auto solve = [this, job, promise] {
      const std::lock_guard lock(solving);
      solver.solve(*job);
      overhead.solved(job->report->solve_seconds);
      promise->set_value(job->report);
    };
    if (options.synchronous) {
      // Under the lock: what save() finds then is before the snapshot or after all its rows.
      solve();
    } else {
      pipeline_lock.unlock();
      executor.submit(Lane::solve, solve, most_unsolved);
    }
  });
  return ticket;
}

void Monitor::State::freeze(SnapshotJob& job, const FrontState& front_then,
                            std::array<bool, 2> streams) {
  SnapshotReport& report = *job.report;
  if (taps_in_run_row != taps.size()) {
    taps_in_run_row = taps.size();
    write_run_row();
    report_unpaired_references(job.epoch, report);
  }
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
  job.overhead = overhead.take(job.epoch);
  job.overhead.accumulate_seconds += seconds;
  job.overhead.resumes = front_then.resumes;
  report.observe_seconds = job.overhead.observe_seconds;
  report.wait_seconds = job.overhead.wait_seconds;
  report.accumulate_seconds = job.overhead.accumulate_seconds;
}

void Monitor::State::freeze_probe(SnapshotJob& job, const FrontState& front_then) {
  EndedWindow window = probe.end();
  for (std::size_t i = 0; i < window.moments.taps.size(); ++i) window.taps.insert(i);
  window.moments.steps_discarded += front_then.streams[0].discarded;
  report_faults(Stream::probe, window, *job.report);
  const auto moments_of = [&](const std::string& layer) -> const Moments* {
    for (const TapMoments& tap : window.moments.taps) {
      if (tap.name.network != options.network || tap.name.layer != layer) continue;
      return tap.moments ? &*tap.moments : nullptr;
    }
    return nullptr;
  };
  const auto pack = history.close({.network = options.network,
                                   .epoch = job.epoch,
                                   .step = job.step,
                                   .positions = options.positions,
                                   .fingerprint = std::exchange(probe_inputs, std::nullopt)},
                                  moments_of);
  job.probe = std::move(window);
  if (pack) job.now = RecordedSide::of(options.network, true, pack);
  add_earlier(job);
}

void Monitor::State::add_earlier(SnapshotJob& job) {
  RecordedSide start = history.start();
  // At its start a layer is not compared with itself.
  std::erase_if(start.layers, [&](const auto& layer) {
    if (!job.now) return false;
    const auto now = job.now->layers.find(layer.first);
    return now != job.now->layers.end() && now->second == layer.second;
  });
  if (!start.layers.empty()) job.earlier.push_back(std::move(start));
  for (const std::size_t snapshots : options.compare_before) {
    if (const auto pack = history.before(snapshots, job.now.has_value())) {
      job.earlier.push_back(RecordedSide::of("before-" + std::to_string(snapshots), true, pack));
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

SnapshotReport Monitor::State::finish() {
  executor.drain(Lane::training);
  executor.drain(Lane::solve);
  const std::lock_guard lock(pipeline);
  SnapshotReport report;
  std::uint64_t step = 0;
  {
    const std::lock_guard front_lock(front_mutex);
    front.is_finished = true;
    step = front.step();
    report.epoch = front.epoch;
  }
  if (!history.kept().empty()) report.epoch = history.kept().back().epoch;
  report_rest(report);
  history.abandon();
  try {
    const TimeSpent time(report.solve_seconds);
    write_final_curves(history.kept(), options, step, executor, report, writer);
  } catch (const std::exception& failure) {
    report_to(report, {report.epoch, "solve_failed", "final", failure.what()});
  }
  writer.write_event_counts();
  writer.write(Event{.epoch = report.epoch,
                     .what = "finished",
                     .subject = options.run,
                     .message = "training ended"});
  return report;
}

}  // namespace livecca
