#include <exception>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/pacing/time_spent.hpp"

namespace livecca {

void Monitor::State::run_in_order(const std::function<void()>& job) noexcept {
  if (options.synchronous) {
    job();
    return;
  }
  double waited = 0;
  bool is_queued = false;
  {
    const TimeSpent time(waited);
    try {
      executor.submit(Lane::training, job, options.queue_steps);
      is_queued = true;
    } catch (...) {
      executor.drain(Lane::training);
    }
  }
  overhead.waited(waited);
  if (!is_queued) job();
}

void Monitor::State::give_back(std::unique_ptr<StepBuffer> buffer) {
  buffer->release();
  pool.give_back(std::move(buffer));
}

StreamWindow& Monitor::State::window_of(Stream stream) {
  if (stream == Stream::probe) return probe;
  if (!train) train.emplace(Stream::train, options, executor);
  return *train;
}

void Monitor::State::take_inputs(StepBuffer& buffer) {
  if (!buffer.inputs) return;
  if (!probe_inputs) probe_inputs.emplace();
  const auto appended = probe_inputs->append(*buffer.inputs);
  if (appended) return;
  writer.tell([&] {
    return Event{.epoch = buffer.epoch,
                 .what = "unwatchable",
                 .subject = "inputs",
                 .message = appended.why()};
  });
}

void Monitor::State::feed_step(StepBuffer& buffer) {
  const bool is_probe = buffer.stream == Stream::probe;
  StreamWindow& window = window_of(buffer.stream);
  window.add_new(taps);
  if (is_probe) take_inputs(buffer);
  window.feed(buffer, taps, [&](std::size_t index, const PackedRows* rows) {
    if (!is_probe) return;
    const WatchedTap& tap = taps.at(index);
    if (rows != nullptr) {
      history.append(tap.layer, tap.reading, *rows, buffer.epoch);
    } else {
      history.spoil(tap.layer);
    }
  });
}

void Monitor::State::take_step(std::unique_ptr<StepBuffer> buffer) noexcept {
  double seconds = 0;
  const Stream stream = buffer->stream;
  {
    const TimeSpent time(seconds);
    std::string failure;
    const auto attempt = [&failure](const auto& part) {
      try {
        if (failure.empty()) part();
      } catch (const std::exception& reason) {
        keep_reason(failure, reason.what());
      } catch (...) {
        keep_reason(failure, "unknown");
      }
    };
    const std::lock_guard lock(pipeline);
    if (options.synchronous && stream == Stream::train) {
      const std::lock_guard front_lock(front_mutex);
      ++front.counted;  // under this lock, as save() copies it
    }
    attempt([&] { feed_step(*buffer); });
    if (!failure.empty()) drop_window(stream, buffer->epoch, step_failed(failure));
    report_dropped(buffer->epoch);
  }
  if (stream == Stream::probe) {
    overhead.spent_elsewhere(buffer->cost_seconds() + seconds);
    overhead.accumulated(seconds);
  } else {
    overhead.train_step(buffer->cost_seconds(), buffer->images_share, seconds);
  }
  give_back(std::move(buffer));
}

void Monitor::State::drop_window(Stream stream, std::int64_t epoch,
                                 const std::string& reason) noexcept {
  if (stream == Stream::probe) {
    probe.drop(reason);
    history.spoil_all();
  } else if (train) {
    train->drop(reason);
  } else {
    writer.lose(Loss::train_step);  // the window itself found no memory
  }
  writer.tell([&] { return Event{epoch, "window_dropped", livecca::name_of(stream), reason}; });
}

void Monitor::State::discard_probe_pass(std::int64_t epoch, std::string_view why) {
  {
    const std::lock_guard order(ordering);
    {
      const std::lock_guard lock(front_mutex);
      if (front.is_finished) return;
      front.expect_no_probe_step();
      front.begin_probe_pass();
      keep_reason(front.probe_discarded, why);
    }
    run_in_order([this] {
      const std::lock_guard lock(pipeline);
      probe.abandon();
      forget_probe_rows();
    });
  }
  writer.tell([&] { return pass_discarded(epoch, why); });
}

void Monitor::State::lose_step(std::unique_ptr<StepBuffer> buffer,
                               const std::string& reason) noexcept {
  overhead.observed(buffer->observe_seconds, buffer->reference_seconds);
  const Stream stream = buffer->stream;
  const std::int64_t epoch = buffer->epoch;
  if (stream == Stream::train) {
    overhead.train_step_lost(buffer->cost_seconds(), buffer->images_share, false);
  }
  {
    const std::lock_guard lock(front_mutex);
    ++front.of(stream).discarded;
    if (stream == Stream::probe) {
      front.probe_is_open = false;
      if (!reason.empty()) keep_reason(front.probe_failure, reason);
    }
  }
  give_back(std::move(buffer));
  if (!reason.empty() && stream == Stream::train) {
    writer.tell([&] { return Event{epoch, "step_discarded", "train", reason}; });
  }
}

void Monitor::State::refuse_late(std::unique_ptr<StepBuffer> buffer) noexcept {
  const std::int64_t epoch = buffer->epoch;
  give_back(std::move(buffer));
  writer.tell([&] {
    return Event{.epoch = epoch,
                 .what = "after_finish",
                 .subject = "train",
                 .message = "expected no steps after finish(), got one; it is dropped"};
  });
}

void Monitor::State::hand_over(std::unique_ptr<StepBuffer> buffer) noexcept {
  overhead.observed(buffer->observe_seconds, buffer->reference_seconds);
  const bool may_be_dropped = buffer->stream == Stream::train && !options.synchronous;
  const double cost = buffer->cost_seconds();
  const double share = buffer->images_share;
  // With a plain pointer the job is so small that a std::function of it takes no memory.
  StepBuffer* const step = buffer.release();
  const auto job = [this, step] { take_step(std::unique_ptr<StepBuffer>(step)); };
  if (!may_be_dropped) {
    run_in_order(job);
    return;
  }
  bool is_full = false;
  try {
    // At once, so that save() has the step in its counts and in its window, or in neither.
    const std::lock_guard lock(front_mutex);
    if (executor.try_submit(Lane::training, job, options.queue_steps)) {
      ++front.counted;
      return;
    }
    is_full = true;
  } catch (...) {
    writer.lose(Loss::train_step);
  }
  {
    const std::lock_guard lock(front_mutex);
    ++front.counted;
  }
  give_back(std::unique_ptr<StepBuffer>(step));
  overhead.train_step_lost(cost, share, is_full);
  if (is_full) ++dropped;  // told from livecca's thread: telling may wait for the disk
}

void Monitor::State::report_dropped(std::int64_t epoch) noexcept {
  const std::uint64_t steps = dropped.exchange(0);
  if (steps == 0) return;
  writer.tell([&] {
    return Event{.epoch = epoch,
                 .what = "step_dropped",
                 .subject = "train",
                 .message = "expected a place in the queue of " +
                            std::to_string(options.queue_steps) +
                            " steps, got none; training went on",
                 .count = steps};
  });
}

}  // namespace livecca
