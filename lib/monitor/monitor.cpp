#include "livecca/monitor/monitor.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "common/utf8.hpp"
#include "livecca/common/error.hpp"
#include "monitor/checkpoint.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/pacing/time_spent.hpp"
#include "monitor/test_knobs.hpp"
#include "verdicts/learning_rate.hpp"

namespace livecca {
namespace {

void create_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  for (const char* name : {"rows.jsonl", "history"}) {
    const auto kind = std::filesystem::status(folder / name, failure).type();
    if (kind == std::filesystem::file_type::not_found) continue;
    if (failure) {
      throw Error((folder / name).string() +
                  ": expected nothing of this name yet, got: " + failure.message());
    }
    throw Error(folder.string() + ": expected a folder for a new run, this one holds the " +
                (name[0] == 'r' ? "rows" : "history") +
                " of a run already; name another, remove it, or resume from a checkpoint");
  }
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw Error(folder.string() + ": expected to create the run folder, got: " + failure.message());
  }
}

Failure failure_in_child() {
  return Failure{"monitor: expected the process that made it, got a child of fork()"};
}

MonitorOptions checked(MonitorOptions options, bool is_new) {
  if (const auto valid = options.check(); !valid) throw Error(valid.why());
  // The host may change its working directory.
  options.run_directory = std::filesystem::absolute(options.run_directory).lexically_normal();
  if (!options.run_directory.has_filename()) {
    options.run_directory = options.run_directory.parent_path();
  }
  if (options.run.empty()) options.run = options.run_directory.filename().string();
  options.run = valid_utf8(options.run);  // of a folder's name, which may be any bytes
  if (is_new) create_folder(options.run_directory);
  return options;
}

int threads_of(const MonitorOptions& options) {
  if (options.threads > 0) return options.threads;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, cores - 1);
}

}  // namespace

Monitor::State::State(MonitorOptions given, const std::filesystem::path* checkpoint,
                      const TestKnobs& knobs)
    : options(checked(std::move(given), checkpoint == nullptr)),
      process(::getpid()),
      restored(checkpoint == nullptr
                   ? nullptr
                   : std::make_shared<const nlohmann::json>(read_checkpoint(*checkpoint, options))),
      callbacks(options, writer),
      writer(options.run_directory, options.run,
             {[this](const Event& event) {
                const bool is_its_own =
                    event.what.starts_with("callback_") && event.subject == "on_event";
                if (!is_its_own) callbacks.event(event);
              },
              knobs.wall_clock},
             checkpoint == nullptr),
      sinks(options.sinks, std::chrono::duration<double>(knobs.sink_retry_seconds),
            [this](const std::string& sink, const std::string& what, const std::string& why,
                   std::uint64_t count) { report_sink(sink, what, why, count); }),
      overhead(options.overhead_budget, options.synchronous),
      began(steady_seconds()),
      before_solve(knobs.before_solve),
      executor(threads_of(options)),
      probe(Stream::probe, options, executor),
      history(options, [this](const Event& event) { writer.report(event); }),
      solver(options, writer, latest, callbacks, executor) {
  if (checkpoint == nullptr) {
    open_sinks(false);
    write_run_row();
  } else {
    restore(*checkpoint);
    restored.reset();
  }
  callbacks.start();  // last: its thread needs the other parts
}

void Monitor::State::open_sinks(bool is_resumed) {
  const double saved_wall_time = writer.last_time();
  const auto run = std::make_shared<const SinkRun>(SinkRun{.name = options.run,
                                                           .folder = options.run_directory,
                                                           .is_resumed = is_resumed,
                                                           .epoch = front.epoch,
                                                           .step = front.step(),
                                                           .wall_time = writer.time(),
                                                           .saved_wall_time = saved_wall_time,
                                                           .events = writer.events()});
  // Before one of them can fail: the others are to hear of it. Nobody writes rows yet.
  writer.set_sinks(sinks, front.step());
  sinks.give([run](Sink& sink) { sink.open(*run); }, SinkCall::kept);
}

void Monitor::State::report_sink(const std::string& sink, const std::string& what,
                                 const std::string& why, std::uint64_t count) {
  std::int64_t epoch = 0;
  {
    const std::lock_guard lock(front_mutex);
    epoch = front.epoch;
  }
  const bool is_tried_again = what == "sink_failed";
  writer.tell([&] {
    return Event{.epoch = epoch,
                 .what = what,
                 .subject = sink,
                 .message = why + (is_tried_again ? "; it is tried again" : ""),
                 .count = count};
  });
}

void Monitor::State::settle() noexcept {
  constexpr int most_rounds = 64;
  for (int i = 0; i < most_rounds; ++i) {
    const std::uint64_t made = callbacks.made();
    executor.drain(Lane::training);
    executor.drain(Lane::solve);
    callbacks.drain();
    if (callbacks.made() == made) return;
  }
}

bool Monitor::State::is_forked() const { return ::getpid() != process; }

void FrontState::expect_running() const {
  if (is_finished) throw Error("monitor: expected a run that goes on, finish() was called");
}

void FrontState::expect_no_probe_step() const {
  if (probe_is_open) throw Error("monitor: expected the open probe step to be committed first");
}

void FrontState::expect_may_begin(Stream stream) const {
  expect_running();
  if (stream == Stream::probe) expect_no_probe_step();
}

bool Monitor::State::claim(Schedule& schedule, const char* subject, std::int64_t epoch) {
  std::string failure;
  const bool is_due = ask(schedule, epoch, failure);
  if (!failure.empty()) {
    writer.tell([&] {
      return Event{.epoch = epoch,
                   .what = "callback_failed",
                   .subject = std::string(subject) + " schedule",
                   .message = "expected its predicate not to throw, got: " + failure};
    });
  }
  return is_due;
}

bool Monitor::State::ask(Schedule& schedule, std::int64_t epoch, std::string& failure) {
  std::unique_lock lock(front_mutex);
  if (front.is_finished) return false;
  front.epoch = epoch;
  const Progress now{front.made, front.epoch, steady_seconds() - began};
  if (!schedule.has_predicate()) return schedule.claim(now);
  lock.unlock();
  const std::lock_guard one_at_a_time(asking);
  const bool is_due = schedule.claim(now);
  keep_reason(failure, schedule.failure());
  return is_due;
}

bool Monitor::State::can_pay_for_step(std::int64_t epoch) {
  std::string shortage;
  const bool can_pay = overhead.wants_step(shortage);
  if (!shortage.empty()) {
    writer.tell([&] {
      return Event{.epoch = epoch, .what = "budget_short", .subject = "train", .message = shortage};
    });
  }
  return can_pay;
}

Monitor::Monitor(MonitorOptions options, const std::filesystem::path* checkpoint,
                 const TestKnobs& knobs)
    : state_(std::make_unique<State>(std::move(options), checkpoint, knobs)) {}

Monitor::Monitor(MonitorOptions options) : Monitor(std::move(options), nullptr, TestKnobs{}) {}

Monitor::Monitor(MonitorOptions options, const std::filesystem::path& checkpoint)
    : Monitor(std::move(options), &checkpoint, TestKnobs{}) {}

Monitor::~Monitor() {
  if (state_->is_forked()) {
    // Its threads are not here to be joined, and its files are the parent's.
    static_cast<void>(state_.release());
    return;
  }
  State& state = *state_;
  state.callbacks.open();
  state.settle();
  if (!state.front.is_finished) state.writer.write_event_counts();
  state.sinks.close();
  state.writer.write_event_counts();  // of what the sinks still owed
  state.settle();
  state.callbacks.stop();
  // What the last callbacks asked for, if they ask for more again and again.
  state.executor.drain(Lane::training);
  state.executor.drain(Lane::solve);
}

TapHandle Monitor::watch(std::string_view network, std::string_view layer, const Reading& reading,
                         std::optional<TapShape> shape) {
  if (state_->is_forked()) return {};
  const DeliveryAtEnd delivery(state_->callbacks);
  return state_->watch(network, layer, reading, shape);
}

Result<void> Monitor::add_reference(std::string_view name, const std::filesystem::path& pack) {
  if (state_->is_forked()) return failure_in_child();
  const DeliveryAtEnd delivery(state_->callbacks);
  return state_->add_reference(std::string(name), pack);
}

PanelPlan Monitor::plan(std::size_t images_per_step) const {
  if (state_->is_forked()) return {};
  const std::lock_guard lock(state_->pipeline);
  return state_->probe.panel().plan(images_per_step);
}

void Monitor::training_step(std::int64_t epoch) {
  if (state_->is_forked()) return;
  const DeliveryAtEnd delivery(state_->callbacks);
  state_->overhead.training_step(steady_seconds());
  const std::lock_guard lock(state_->front_mutex);
  ++state_->front.made;
  state_->front.epoch = epoch;
}

bool Monitor::claim_probe_pass(std::int64_t epoch) {
  if (state_->is_forked()) return false;
  const DeliveryAtEnd delivery(state_->callbacks);
  return state_->claim(state_->options.probe_schedule, "probe", epoch);
}

std::optional<Monitor::Step> Monitor::begin_if_due(Stream stream, std::int64_t epoch) {
  State& state = *state_;
  if (state.is_forked()) return std::nullopt;
  const DeliveryAtEnd delivery(state.callbacks);
  {
    const std::lock_guard lock(state.front_mutex);
    if (state.front.is_finished) return std::nullopt;
    state.front.expect_may_begin(stream);
  }
  const bool is_due = stream == Stream::probe
                          ? claim_probe_pass(epoch)
                          : state.claim(state.options.train_schedule, "train", epoch) &&
                                state.can_pay_for_step(epoch);
  return is_due ? std::optional(begin(stream, epoch)) : std::nullopt;
}

SnapshotTicket Monitor::snapshot(std::int64_t epoch) {
  if (state_->is_forked()) return SnapshotTicket({});
  const DeliveryAtEnd delivery(state_->callbacks);
  return state_->snapshot(epoch, {true, true});
}

SnapshotTicket Monitor::snapshot(std::int64_t epoch, Stream stream) {
  if (state_->is_forked()) return SnapshotTicket({});
  const DeliveryAtEnd delivery(state_->callbacks);
  return state_->snapshot(epoch, {stream == Stream::probe, stream == Stream::train});
}

std::optional<SnapshotTicket> Monitor::snapshot_if_due(std::int64_t epoch) {
  if (state_->is_forked()) return std::nullopt;
  const DeliveryAtEnd delivery(state_->callbacks);
  if (!state_->claim(state_->options.train_snapshots, "snapshot", epoch)) return std::nullopt;
  return snapshot(epoch, Stream::train);
}

std::optional<MeasureRow> Monitor::latest(const RowKey& key) const {
  if (state_->is_forked()) return std::nullopt;
  return state_->latest.find(key);
}

void Monitor::log(std::int64_t epoch, std::string_view name, double value) {
  if (state_->is_forked()) return;
  const DeliveryAtEnd delivery(state_->callbacks);
  std::uint64_t step = 0;
  {
    const std::lock_guard lock(state_->front_mutex);
    step = state_->front.step();
    if (name == loss_name) {
      for (StreamFront& stream : state_->front.streams) stream.loss.add(value);
    }
    if (name == learning_rate_name && std::isfinite(value)) state_->front.learning_rate = value;
  }
  try {
    state_->writer.write(LogRow{epoch, step, std::string(name), value});
  } catch (const std::bad_alloc&) {
    state_->writer.lose(Loss::number);
  }
}

Result<void> Monitor::save(const std::filesystem::path& folder) {
  if (state_->is_forked()) return failure_in_child();
  const DeliveryAtEnd delivery(state_->callbacks);
  return state_->save(folder);
}

SnapshotReport Monitor::finish() {
  if (state_->is_forked()) return {};
  const DeliveryAtEnd delivery(state_->callbacks);
  return state_->finish();
}

const std::filesystem::path& Monitor::run_directory() const {
  return state_->options.run_directory;
}

void Monitor::log(std::string_view name, double value) {
  if (state_->is_forked()) return;
  std::int64_t epoch = 0;
  {
    const std::lock_guard lock(state_->front_mutex);
    epoch = state_->front.epoch;
  }
  log(epoch, name, value);
}

RecorderOptions Monitor::recorder_options(std::string network) const {
  const MonitorOptions& options = state_->options;
  return {.network = std::move(network),
          .positions = options.positions,
          .max_features = options.max_features,
          .feature_seed = options.feature_seed,
          .precision = options.history_precision,
          .images = options.history_images,
          .images_seed = options.history_seed};
}

const std::string& Monitor::network() const { return state_->options.network; }

bool Monitor::is_forked() const { return state_->is_forked(); }

}  // namespace livecca
