#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/time_spent.hpp"

namespace livecca {
namespace {

// A train step's images get a place of their own, whatever the sizes of the others: seeded
// positions then depend on nothing but the step's number.
constexpr std::uint64_t images_per_train_step = std::uint64_t{1} << 24U;

/// Adds a time to a step's cost and to the run's.
class StepTime {
 public:
  StepTime(Overhead& overhead, double& cost)
      : overhead_(overhead), cost_(cost), begin_(steady_seconds()) {}
  ~StepTime() {
    const double seconds = steady_seconds() - begin_;
    cost_ += seconds;
    overhead_.observed(seconds);
  }
  StepTime(const StepTime&) = delete;
  StepTime& operator=(const StepTime&) = delete;

 private:
  Overhead& overhead_;
  double& cost_;
  double begin_;
};

}  // namespace

Monitor::Step Monitor::begin(Stream stream, std::int64_t epoch) {
  State& state = *state_;
  if (state.is_forked()) return Step(std::make_unique<Step::State>(state, nullptr));
  state.expect_running();
  std::unique_ptr<StepBuffer> buffer = state.pool.take();
  const double share = stream == Stream::train ? state.overhead.images_share() : 1;
  if (stream == Stream::probe) state.overhead.interrupt();
  const std::lock_guard lock(state.front_mutex);
  if (stream == Stream::probe && std::exchange(state.front.probe_is_open, true)) {
    throw Error("monitor: expected the open probe step to be committed first");
  }
  StreamFront& front = state.front.of(stream);
  front.was_begun = true;
  ++front.begun;
  const std::uint64_t first_image =
      stream == Stream::probe ? state.front.probe_images : front.number * images_per_train_step;
  ++front.number;
  state.front.epoch = epoch;
  buffer->begin(stream, epoch, first_image, share);
  return Step(std::make_unique<Step::State>(state, std::move(buffer)));
}

Monitor::Step::Step(std::unique_ptr<State> state) : state_(std::move(state)) {}
Monitor::Step::Step(Step&&) noexcept = default;

Monitor::Step::~Step() {
  if (!state_ || !state_->buffer || state_->monitor.is_forked()) return;
  Monitor::State& monitor = state_->monitor;
  {
    const std::lock_guard lock(monitor.front_mutex);
    ++monitor.front.of(state_->buffer->stream).discarded;
    if (state_->buffer->stream == Stream::probe) monitor.front.probe_is_open = false;
  }
  if (state_->buffer->stream == Stream::train) {
    monitor.overhead.train_step_lost(state_->buffer->cost_seconds, state_->buffer->images_share,
                                     false);
  }
  monitor.give_back(std::move(state_->buffer));
}

void Monitor::Step::inputs(const ActivationView& view) {
  inputs(view.data(), livecca::name_of(view.dtype()), size_of(view.dtype()), view.shape(),
         view.strides());
}

void Monitor::Step::inputs(const void* data, std::string_view element_type,
                           std::size_t element_bytes, std::span<const std::int64_t> shape,
                           std::span<const std::int64_t> strides) {
  if (!state_) throw Error("step: got inputs after its commit");
  Monitor::State& monitor = state_->monitor;
  if (!state_->buffer || monitor.is_forked() || state_->buffer->stream == Stream::train) return;
  StepBuffer& buffer = *state_->buffer;
  if (buffer.inputs || buffer.held_inputs) {
    throw Error("step: expected its inputs once, got them again");
  }
  const StepTime time(monitor.overhead, buffer.cost_seconds);
  std::string why;
  ProbeFingerprint read;
  if (read.add(data, element_type, element_bytes, shape, strides, why)) {
    buffer.inputs = std::move(read);
  } else {
    report("inputs", why);
  }
}

void Monitor::Step::inputs_held(const void* data, std::string_view element_type,
                                std::size_t element_bytes, std::span<const std::int64_t> shape,
                                std::span<const std::int64_t> strides,
                                std::shared_ptr<const HeldMemory> memory) {
  if (!state_) throw Error("step: got inputs after its commit");
  Monitor::State& monitor = state_->monitor;
  if (!state_->buffer || monitor.is_forked() || state_->buffer->stream == Stream::train) return;
  StepBuffer& buffer = *state_->buffer;
  std::uint64_t bytes = element_bytes;
  for (const std::int64_t extent : shape) bytes *= static_cast<std::uint64_t>(extent);
  if (monitor.held_bytes + bytes > monitor.options.held_bytes_limit) {
    return inputs(data, element_type, element_bytes, shape, strides);
  }
  if (buffer.inputs || buffer.held_inputs) {
    throw Error("step: expected its inputs once, got them again");
  }
  buffer.held_inputs = HeldInputs{.data = data,
                                  .element_type = std::string(element_type),
                                  .element_bytes = element_bytes,
                                  .shape = {shape.begin(), shape.end()},
                                  .strides = {strides.begin(), strides.end()},
                                  .memory = std::move(memory)};
  buffer.held_bytes += bytes;
  monitor.held_bytes += bytes;
}

void Monitor::Step::observe(TapHandle tap, const ActivationView& view, const SequenceMask& mask) {
  if (!state_) throw Error("step: observed after its commit");
  Monitor::State& monitor = state_->monitor;
  if (!state_->buffer || monitor.is_forked()) return;
  if (tap.index >= monitor.taps.size()) {
    throw Error("step: expected a handle that watch() returned, got " + std::to_string(tap.index));
  }
  const StepTime time(monitor.overhead, state_->buffer->cost_seconds);
  try {
    state_->buffer->observe(tap.index, monitor.taps.at(tap.index), view, mask, monitor.packing());
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    state_->failure = failure.what();
  }
}

void Monitor::Step::observe_held(TapHandle tap, const ActivationView& view,
                                 std::shared_ptr<const HeldMemory> memory) {
  if (!state_) throw Error("step: observed after its commit");
  Monitor::State& monitor = state_->monitor;
  if (!state_->buffer || monitor.is_forked()) return;
  std::uint64_t bytes = size_of(view.dtype());
  for (const std::int64_t extent : view.shape()) bytes *= static_cast<std::uint64_t>(extent);
  if (monitor.held_bytes + bytes > monitor.options.held_bytes_limit) return observe(tap, view);
  if (tap.index >= monitor.taps.size()) {
    throw Error("step: expected a handle that watch() returned, got " + std::to_string(tap.index));
  }
  const StepTime time(monitor.overhead, state_->buffer->cost_seconds);
  state_->buffer->hold(tap.index, monitor.taps.at(tap.index), view, std::move(memory));
  state_->buffer->held_bytes += bytes;
  monitor.held_bytes += bytes;
}

void Monitor::Step::merge(const PanelMoments& moments) {
  if (!state_) throw Error("step: merged after its commit");
  if (!state_->buffer || state_->monitor.is_forked()) return;
  StepBuffer& buffer = *state_->buffer;
  const bool is_observed = std::ranges::any_of(buffer.taps, &TapBuffer::observed);
  if (is_observed || buffer.moments) {
    throw Error("step: expected moments instead of observations, once");
  }
  const StepTime time(state_->monitor.overhead, buffer.cost_seconds);
  try {
    buffer.moments = std::make_unique<const PanelMoments>(moments);
    buffer.images = moments.images;
  } catch (const std::exception& failure) {
    state_->failure = failure.what();
  }
}

void Monitor::Step::report(std::string_view tap, std::string_view why) {
  if (!state_ || !state_->buffer || state_->monitor.is_forked()) return;
  state_->monitor.writer.report({.epoch = state_->buffer->epoch,
                                 .what = "unwatchable",
                                 .subject = std::string(tap),
                                 .message = std::string(why)});
}

void Monitor::Step::spent(double seconds) {
  if (!state_ || !state_->buffer || !(seconds >= 0) || state_->monitor.is_forked()) return;
  if (state_->buffer->stream == Stream::probe) return;
  state_->monitor.overhead.reference(seconds);
  state_->buffer->cost_seconds += seconds;
}

void Monitor::Step::commit() {
  if (!state_) throw Error("step: committed twice");
  const auto state = std::move(state_);
  Monitor::State& monitor = state->monitor;
  if (!state->buffer || monitor.is_forked()) return;
  StepBuffer& buffer = *state->buffer;
  const std::int64_t epoch = buffer.epoch;
  const bool is_probe = buffer.stream == Stream::probe;
  {
    const std::lock_guard lock(monitor.front_mutex);
    if (is_probe) monitor.front.probe_is_open = false;
    if (state->failure.empty()) {
      ++monitor.front.committed;
      if (is_probe) {
        monitor.front.probe_images += buffer.images;
        ++monitor.front.probe_steps;
      }
    } else if (!is_probe) {
      ++monitor.front.of(Stream::train).discarded;
    }
  }
  if (state->failure.empty()) {
    monitor.hand_over(std::move(state->buffer));
    return;
  }
  monitor.give_back(std::move(state->buffer));
  const std::string reason = "a step failed: " + state->failure;
  if (is_probe) {
    monitor.run_in_order([&monitor, epoch, reason] {
      const std::lock_guard lock(monitor.pipeline);
      monitor.drop_probe(epoch, reason);
    });
  } else {
    monitor.writer.report(
        {.epoch = epoch, .what = "step_discarded", .subject = "train", .message = reason});
  }
}

}  // namespace livecca
