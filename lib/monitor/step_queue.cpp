#include <exception>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/pacing/time_spent.hpp"

namespace livecca {
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
  writer.report({.epoch = buffer.epoch,
                 .what = "unwatchable",
                 .subject = "inputs",
                 .message = appended.why()});
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
  try {
    const TimeSpent time(seconds);
    const std::lock_guard lock(pipeline);
    try {
      feed_step(*buffer);
    } catch (const std::exception& reason) {
      drop_window(stream, buffer->epoch, "a step failed: " + std::string(reason.what()));
    }
    report_dropped(buffer->epoch);
  } catch (...) {
    // Memory ran out while it was told that memory ran out.
  }
  if (stream == Stream::probe) {
    overhead.spent_elsewhere(buffer->cost_seconds() + seconds);
    overhead.accumulated(seconds);
  } else {
    overhead.train_step(buffer->cost_seconds(), buffer->images_share, seconds);
  }
  give_back(std::move(buffer));
}

void Monitor::State::drop_window(Stream stream, std::int64_t epoch, const std::string& reason) {
  window_of(stream).drop(reason);
  if (stream == Stream::probe) {
    for (std::size_t i = 0; i < taps.size(); ++i) {
      if (taps.at(i).network == options.network) history.spoil(taps.at(i).layer);
    }
  }
  writer.report({epoch, "window_dropped", livecca::name_of(stream), reason});
}

void Monitor::State::lose_step(std::unique_ptr<StepBuffer> buffer, const std::string& reason) {
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
      if (!reason.empty()) front.probe_failure = reason;
    }
  }
  give_back(std::move(buffer));
  if (!reason.empty() && stream == Stream::train) {
    writer.report({epoch, "step_discarded", "train", reason});
  }
}

void Monitor::State::hand_over(std::unique_ptr<StepBuffer> buffer) {
  overhead.observed(buffer->observe_seconds, buffer->reference_seconds);
  const bool may_be_dropped = buffer->stream == Stream::train && !options.synchronous;
  const double cost = buffer->cost_seconds();
  const double share = buffer->images_share;
  // A std::function must be copyable; the one that runs takes the buffer.
  const auto shared = std::make_shared<std::unique_ptr<StepBuffer>>(std::move(buffer));
  const auto job = [this, shared] { take_step(std::move(*shared)); };
  if (!may_be_dropped) {
    run_in_order(job);
    return;
  }
  if (executor.try_submit(Lane::training, job, options.queue_steps)) return;
  give_back(std::move(*shared));
  overhead.train_step_lost(cost, share, true);
  ++dropped;  // told from livecca's thread: telling may wait for the disk
}

void Monitor::State::report_dropped(std::int64_t epoch) {
  const std::uint64_t steps = dropped.exchange(0);
  if (steps == 0) return;
  writer.report({.epoch = epoch,
                 .what = "step_dropped",
                 .subject = "train",
                 .message = "expected a place in the queue of " +
                            std::to_string(options.queue_steps) +
                            " steps, got none; training went on",
                 .count = steps});
}

}  // namespace livecca
