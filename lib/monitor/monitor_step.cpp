#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/pacing/time_spent.hpp"

namespace livecca {
namespace {

// A train step's images get a place of their own, whatever the sizes of the others: seeded
// positions then depend on nothing but the step's number.
constexpr std::uint64_t images_per_train_step = std::uint64_t{1} << 24U;

}  // namespace

Monitor::Step Monitor::begin(Stream stream, std::int64_t epoch) {
  State& state = *state_;
  if (state.is_forked()) return Step(std::make_unique<Step::State>(state, nullptr));
  const DeliveryAtEnd delivery(state.callbacks);
  const bool is_probe = stream == Stream::probe;
  const double share = is_probe ? 1 : state.overhead.images_share();
  if (is_probe) state.overhead.interrupt();
  std::unique_ptr<Step::State> step;
  try {
    step = std::make_unique<Step::State>(state, state.pool.take());
  } catch (const std::bad_alloc&) {
    // The step is lost: below.
  }
  {
    const std::lock_guard lock(state.front_mutex);
    state.front.expect_may_begin(stream);
    StreamFront& front = state.front.of(stream);
    const std::uint64_t first_image =
        is_probe ? state.front.probe_images : front.number * images_per_train_step;
    if (step) {
      step->buffer->begin(stream, epoch, first_image, share);
      state.front.probe_is_open |= is_probe;
    } else {
      ++front.discarded;
      if (is_probe) keep_reason(state.front.probe_failure, "out of memory");
    }
    ++front.begun;
    ++front.number;
    state.front.epoch = epoch;
  }
  if (!step) state.writer.lose(is_probe ? Loss::probe_step : Loss::train_step);
  return Step(std::move(step));
}

void Monitor::discard_probe_pass(std::int64_t epoch, std::string_view why) {
  if (state_->is_forked()) return;
  const DeliveryAtEnd delivery(state_->callbacks);
  state_->discard_probe_pass(epoch, why);
}

Monitor::Step::Step(std::unique_ptr<State> state)
    : state_(std::move(state)), is_lost_(state_ == nullptr) {}
Monitor::Step::Step(Step&&) noexcept = default;

Monitor::Step::~Step() {
  if (!state_ || !state_->is_open()) return;
  Monitor::State& monitor = state_->monitor;
  const DeliveryAtEnd delivery(monitor.callbacks);
  monitor.lose_step(std::move(state_->buffer), {});
}

StepBuffer* Monitor::Step::State::expect_open(const Step& step, const char* what) {
  if (step.is_lost_) return nullptr;
  if (!step.state_) throw Error(std::string("step: ") + what + " after its commit");
  return step.state_->is_open() ? step.state_->buffer.get() : nullptr;
}

const WatchedTap& Monitor::Step::State::tap_of(TapHandle handle) const {
  if (const WatchedTap* tap = monitor.taps.find(handle.index)) return *tap;
  throw Error("step: expected a handle that watch() returned, got " + std::to_string(handle.index));
}

void Monitor::Step::set_inputs(const ActivationView& view) {
  set_inputs(view.data(), livecca::name_of(view.dtype()), size_of(view.dtype()), view.shape(),
             view.strides());
}

void Monitor::Step::set_inputs(const void* data, std::string_view element_type,
                               std::size_t element_bytes, std::span<const std::int64_t> shape,
                               std::span<const std::int64_t> strides) {
  StepBuffer* const buffer = State::expect_open(*this, "got inputs");
  if (buffer == nullptr || buffer->stream == Stream::train) return;
  if (buffer->inputs) throw Error("step: expected its inputs once, got them again");
  const TimeSpent time(buffer->observe_seconds);
  state_->attempt([&] {
    ProbeFingerprint read;
    if (const auto added = read.add(data, element_type, element_bytes, shape, strides)) {
      buffer->inputs = std::move(read);
    } else {
      report_unwatchable("inputs", added.why());
    }
  });
}

void Monitor::Step::set_training_mode(std::string_view network, bool is_training) {
  StepBuffer* const buffer = State::expect_open(*this, "told a mode");
  if (buffer == nullptr) return;
  state_->attempt([&] { buffer->training_modes[std::string(network)] = is_training; });
}

void Monitor::Step::observe(TapHandle tap, const ActivationView& view, const SequenceMask& mask) {
  StepBuffer* const buffer = State::expect_open(*this, "observed");
  if (buffer == nullptr || !tap.is_watched()) return;
  const TimeSpent time(buffer->observe_seconds);
  state_->attempt([&] {
    buffer->observe(tap.index, state_->tap_of(tap), view, mask, state_->monitor.packing());
  });
}

RowChoice Monitor::Step::choice() const {
  const StepBuffer* const buffer = State::expect_open(*this, "asked for its choice of rows");
  return buffer == nullptr ? RowChoice{} : buffer->choice(state_->monitor.packing());
}

void Monitor::Step::observe(TapHandle tap, const GatheredRows& rows, const SequenceMask& mask) {
  StepBuffer* const buffer = State::expect_open(*this, "observed");
  if (buffer == nullptr || !tap.is_watched()) return;
  const TimeSpent time(buffer->observe_seconds);
  state_->attempt([&] {
    buffer->observe(tap.index, state_->tap_of(tap), rows, mask, state_->monitor.packing());
  });
}

void Monitor::Step::merge(const PanelMoments& moments) {
  StepBuffer* const buffer = State::expect_open(*this, "merged");
  if (buffer == nullptr) return;
  if (buffer->moments || std::ranges::any_of(buffer->taps, &TapBuffer::observed)) {
    throw Error("step: expected moments instead of observations, once");
  }
  const TimeSpent time(buffer->observe_seconds);
  state_->attempt([&] {
    buffer->moments = std::make_unique<const PanelMoments>(moments);
    buffer->images = moments.images;
  });
}

void Monitor::Step::report_unwatchable(std::string_view tap, std::string_view why) {
  if (!state_ || !state_->is_open()) return;
  const DeliveryAtEnd delivery(state_->monitor.callbacks);
  state_->monitor.writer.tell([&] {
    return Event{.epoch = state_->buffer->epoch,
                 .what = "unwatchable",
                 .subject = std::string(tap),
                 .message = std::string(why)};
  });
}

void Monitor::Step::add_reference_time(double seconds) {
  if (!state_ || !state_->is_open() || !(seconds >= 0)) return;
  if (state_->buffer->stream == Stream::train) state_->buffer->reference_seconds += seconds;
}

void Monitor::Step::add_observing_time(double seconds) {
  if (state_ && state_->is_open() && seconds >= 0) state_->buffer->observe_seconds += seconds;
}

void Monitor::Step::commit() {
  const bool is_open = State::expect_open(*this, "committed") != nullptr;
  const auto state = std::move(state_);
  if (!is_open) return;
  Monitor::State& monitor = state->monitor;
  const DeliveryAtEnd delivery(monitor.callbacks);
  if (!state->failure.empty()) {
    monitor.lose_step(std::move(state->buffer), step_failed(state->failure));
    return;
  }
  const bool is_probe = state->buffer->stream == Stream::probe;
  bool is_late = false;
  {
    const TimeSpent time(state->buffer->observe_seconds);
    const std::lock_guard lock(monitor.front_mutex);
    is_late = monitor.front.is_finished;
    if (is_probe) {  // a train step is counted where it gets its place among the others
      monitor.front.probe_is_open = false;
      monitor.front.probe_images += state->buffer->images;
    }
  }
  if (is_late) {
    monitor.refuse_late(std::move(state->buffer));
  } else {
    monitor.hand_over(std::move(state->buffer));
  }
}

}  // namespace livecca
