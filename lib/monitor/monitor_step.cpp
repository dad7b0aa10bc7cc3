#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>

#include "livecca/common/error.hpp"
#include "monitor/monitor_state.hpp"

namespace livecca {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

TimeSpent::TimeSpent(double& seconds) : seconds_(seconds), begin_(seconds_now()) {}
TimeSpent::~TimeSpent() { seconds_ += seconds_now() - begin_; }

void Monitor::Step::State::observe_start(std::size_t start_tap, const PackedRows& rows) {
  const std::string& layer = monitor.taps[start_tap].layer;
  const RecordedRows& start = *monitor.history.start(layer);
  // By the rows committed before this step: an abandoned step does not count.
  const std::uint64_t first = monitor.rows_seen[layer];
  if (first + rows.rows() > start.rows()) return;
  step.observe_recorded(start_tap, first, rows.rows());
}

void Monitor::Step::State::record() {
  for (std::size_t index = 0; index < monitor.taps.size(); ++index) {
    const WatchedTap& tap = monitor.taps[index];
    if (tap.network != monitor.options.network) continue;
    const auto found = std::ranges::find(to_record, index, &RowsToRecord::tap);
    if (found != to_record.end()) {
      monitor.history.append(tap.layer, *found->rows, epoch);
    } else {
      monitor.history.spoil(tap.layer);
    }
  }
}

Monitor::Step::Step(std::unique_ptr<State> state) : state_(std::move(state)) {}
Monitor::Step::Step(Step&&) noexcept = default;
Monitor::Step::~Step() = default;

void Monitor::Step::observe(TapHandle tap, const ActivationView& view, const SequenceMask& mask) {
  if (!state_) throw Error("step: observed after its commit");
  Monitor::State& monitor = state_->monitor;
  if (tap.index >= monitor.taps.size() || monitor.taps[tap.index].network == "start") {
    throw Error("step: expected a handle that watch() returned, got " + std::to_string(tap.index));
  }
  const TimeSpent time(monitor.observe_seconds);
  try {
    const PackedRows* rows = state_->step.observe(tap.index, view, mask);
    const WatchedTap& watched = monitor.taps[tap.index];
    if (rows == nullptr || watched.network != monitor.options.network) return;
    if (monitor.options.keep_history) state_->to_record.push_back({tap.index, rows});
    if (watched.start_tap) state_->observe_start(*watched.start_tap, *rows);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    state_->failure = failure.what();
  }
}

void Monitor::Step::report(std::string_view tap, std::string_view why) {
  if (!state_) return;
  state_->monitor.writer.report({state_->epoch, "unwatchable", std::string(tap), std::string(why)});
}

void Monitor::Step::commit() {
  if (!state_) throw Error("step: committed twice");
  auto state = std::move(state_);
  Monitor::State& monitor = state->monitor;
  const std::int64_t epoch = state->epoch;
  const TimeSpent time(monitor.observe_seconds);
  try {
    if (!state->failure.empty()) throw std::runtime_error(state->failure);
    if (monitor.options.keep_history) state->record();
    std::vector<std::pair<std::size_t, std::size_t>> counts;  // before the panel leaves rows out
    for (const auto& [tap, rows] : state->to_record) counts.emplace_back(tap, rows->rows());
    state->step.commit();
    ++monitor.steps_of_run;
    for (const auto& [tap, rows] : counts) monitor.rows_seen[monitor.taps[tap].layer] += rows;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    state.reset();  // closes the panel's step
    monitor.drop_window(epoch, std::string("a step failed: ") + failure.what());
  }
}

}  // namespace livecca
