#include "livecca/monitor/monitor.hpp"

#include <exception>
#include <future>

#include "livecca/common/error.hpp"
#include "monitor/final_curves.hpp"
#include "monitor/monitor_state.hpp"
#include "monitor/rows_of_solution.hpp"

namespace livecca {
namespace {

// One is being solved while the next waits.
constexpr std::size_t most_pending_solves = 2;

MonitorOptions checked(MonitorOptions options) {
  std::string why;
  if (!options.is_valid(why)) throw Error(why);
  if (options.run.empty()) {
    const auto folder = std::filesystem::absolute(options.run_directory).lexically_normal();
    options.run = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  }
  std::error_code failure;
  if (std::filesystem::exists(options.run_directory / "rows.jsonl", failure)) {
    throw Error(options.run_directory.string() +
                ": expected a folder for a new run, this one holds the rows of a run already");
  }
  std::filesystem::create_directories(options.run_directory, failure);
  if (failure) {
    throw Error(options.run_directory.string() +
                ": expected to create the run folder, got: " + failure.message());
  }
  return options;
}

}  // namespace

Monitor::State::State(MonitorOptions given)
    : options(checked(std::move(given))),
      writer(options.run_directory, options.run, options.on_event),
      executor(options.threads),
      solver(executor),
      panel(executor, {.positions = options.positions,
                       .window = Window::since_snapshot(),
                       .precision = options.precision,
                       .error_blocks = options.error_blocks,
                       .norm_sums = needs_norm_sums(options),
                       .max_features = options.max_features,
                       .feature_seed = options.feature_seed,
                       .memory_limit = options.memory_limit}),
      history(options.run_directory / "history", options.history_byte_limit,
              [this](const Event& event) { writer.report(event); }) {
  write_run_row();
}

void Monitor::State::write_run_row() {
  RunRow row;
  row.network = options.network;
  row.measures = options.measures;
  row.keep_variance = options.keep_variance;
  row.partial_whitening_alpha = options.partial_whitening_alpha;
  row.positions_per_image = options.positions.per_image;
  row.seed = options.positions.seed;
  row.threads = executor.concurrency();
  row.precision = livecca::name_of(options.precision);
  row.max_features = options.max_features;
  row.feature_seed = options.feature_seed;
  row.error_blocks = options.error_blocks;
  row.moments_bytes = panel.moments_bytes();
  row.notes = options.notes;
  for (const WatchedTap& tap : taps) {
    if (tap.network == "start") continue;
    row.taps.push_back({tap.network, tap.layer, tap.reading.text()});
  }
  writer.write(row);
}

TapHandle Monitor::State::watch(std::string_view network, std::string_view layer,
                                const Reading& reading, std::optional<TapShape> shape) {
  const std::string name = std::string(network) + "/" + std::string(layer);
  if (network == "start" || network == "final") {
    throw Error(name + ": expected a network name other than 'start' and 'final'");
  }
  for (std::size_t i = 0; i < taps.size(); ++i) {
    if (taps[i].network != network || taps[i].layer != layer) continue;
    if (taps[i].reading == reading) return {i};
    throw Error(name + ": expected layout " + taps[i].reading.text() + " as watched before, got " +
                reading.text());
  }
  const std::size_t tap = panel.add_tap({std::string(network), std::string(layer)}, reading, shape);
  const bool trained = network == options.network;
  try {
    for (std::size_t other = 0; other < tap; ++other) {
      const bool other_trained = taps[other].network == options.network;
      if (taps[other].layer != layer || taps[other].network == "start") continue;
      if (trained != other_trained) panel.add_pair(trained ? tap : other, trained ? other : tap);
    }
  } catch (const Error&) {
    panel.remove_last_tap();
    throw;
  }
  taps.push_back({std::string(network), std::string(layer), reading, std::nullopt});
  return {tap};
}

void Monitor::State::add_start_taps(std::int64_t epoch) {
  const std::size_t watched = taps.size();
  for (std::size_t i = 0; i < watched; ++i) {
    const std::string layer = taps[i].layer;
    if (taps[i].network != options.network || taps[i].start_tap) continue;
    if (history.start(layer) == nullptr) continue;
    const std::size_t start = panel.tap_count();
    try {
      panel.add_recorded_tap({"start", layer}, history.start(layer));
      panel.add_pair(i, start);
    } catch (const Error& over_limit) {
      if (panel.tap_count() > start) panel.remove_last_tap();
      writer.report({epoch, "over_limit", "start/" + layer, over_limit.what()});
      continue;
    }
    taps.push_back({"start", layer, Layout::nc, std::nullopt});
    taps[i].start_tap = start;
  }
}

SnapshotTicket Monitor::State::snapshot(std::int64_t epoch) {
  const auto report = std::make_shared<SnapshotReport>();
  report->epoch = epoch;
  const auto promise = std::make_shared<std::promise<std::shared_ptr<const SnapshotReport>>>();
  SnapshotTicket ticket(promise->get_future().share());
  try {
    const auto moments = std::make_shared<const PanelMoments>(freeze(*report));
    {
      // Each waiting solve holds a window's moments: training waits rather than memory growing.
      const TimeSpent time(report->wait_seconds);
      executor.drain(Lane::solve, most_pending_solves - 1);
    }
    executor.submit(Lane::solve, [this, moments, report, promise, step = steps_of_run] {
      solve_and_write(*moments, *report, step);
      promise->set_value(report);
    });
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    report_to(*report, {epoch, "solve_failed", "probe", failure.what()});
    promise->set_value(report);
  }
  return ticket;
}

PanelMoments Monitor::State::freeze(SnapshotReport& report) {
  PanelMoments moments = [this] {
    const TimeSpent time(observe_seconds);
    return panel.take();
  }();
  if (!run_row_has_taps) {
    run_row_has_taps = true;
    write_run_row();
    report_unpaired_references(report.epoch, report);
  }
  if (window_dropped.empty()) {
    drop_other_starts(moments, report);
    report_faults(moments, report);
  } else {
    // What came after the drop is a part of the probe only.
    for (TapMoments& tap : moments.taps) tap.moments.reset();
    report.events.push_back({report.epoch, "window_dropped", "probe", window_dropped});
    window_dropped.clear();
    rows_seen.clear();
  }
  {
    const TimeSpent time(observe_seconds);
    history.close(report.epoch);
  }
  report.observe_seconds = observe_seconds;
  observe_seconds = 0;
  return moments;
}

void Monitor::State::solve_and_write(const PanelMoments& moments, SnapshotReport& report,
                                     std::uint64_t step) noexcept {
  // Out of memory while reporting that memory ran out is the one case that leaves no trace.
  try {
    const RowContext context{report.epoch, step, "probe", "probe"};
    SolvedWindow window;
    {
      const TimeSpent time(report.solve_seconds);
      try {
        window = solve_window(moments, options, solver, executor);
      } catch (const std::exception& failure) {
        report_to(report, {report.epoch, "solve_failed", "probe", failure.what()});
        window = {.solution = unsolved(moments), .standard_errors = {}};
      }
    }
    for (std::size_t pair = 0; pair < window.solution.pairs.size(); ++pair) {
      write_pair(moments, window, pair, context, options.measures, report, writer);
    }
    for (std::size_t tap = 0; tap < window.solution.taps.size(); ++tap) {
      if (moments.taps[tap].name.network == "start") continue;
      write_layer(moments, window.solution, tap, context, report, writer);
    }
    OverheadRow overhead;
    overhead.epoch = report.epoch;
    overhead.observe_seconds = report.observe_seconds;
    overhead.wait_seconds = report.wait_seconds;
    overhead.solve_seconds = report.solve_seconds;
    writer.write(overhead);
  } catch (...) {
    report.measures.clear();
  }
}

void Monitor::State::expect_running() const {
  if (finished) throw Error("monitor: expected a run that goes on, finish() was called");
}

SnapshotReport Monitor::State::finish() {
  expect_running();
  const PanelMoments rest = panel.take();  // throws while a step is open
  executor.drain(Lane::solve);
  SnapshotReport report;
  if (rest.steps_committed > 0) {
    report_to(report, {report.epoch, "step_discarded", "probe",
                       std::to_string(rest.steps_committed) +
                           " steps came after the last snapshot; they are in none"});
  }
  finished = true;
  if (!history.kept().empty()) report.epoch = history.kept().back().epoch;
  std::vector<std::string> layers;
  for (const WatchedTap& tap : taps) {
    if (tap.network == options.network) layers.push_back(tap.layer);
  }
  try {
    const TimeSpent time(report.solve_seconds);
    write_final_curves(history.kept(), layers, options, steps_of_run, executor, report, writer);
  } catch (const std::exception& failure) {
    report_to(report, {report.epoch, "solve_failed", "final", failure.what()});
  }
  writer.write_event_counts();
  return report;
}

void Monitor::State::drop_window(std::int64_t epoch, const std::string& reason) {
  panel.reset();
  for (const WatchedTap& tap : taps) {
    if (tap.network == options.network) history.spoil(tap.layer);
  }
  if (window_dropped.empty()) window_dropped = reason;
  writer.report({epoch, "window_dropped", "probe", reason});
}

Monitor::Monitor(MonitorOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Monitor::~Monitor() {
  state_->executor.drain(Lane::solve);
  if (!state_->finished) state_->writer.write_event_counts();
}

TapHandle Monitor::watch(std::string_view network, std::string_view layer, const Reading& reading,
                         std::optional<TapShape> shape) {
  return state_->watch(network, layer, reading, shape);
}

PanelPlan Monitor::plan(std::size_t images_per_step) const {
  return state_->panel.plan(images_per_step);
}

Monitor::Step Monitor::begin(Stream, std::int64_t epoch) {
  state_->expect_running();
  // Only in a new window: a tap that joins later has to wait for the next.
  if (state_->panel.images() == 0) state_->add_start_taps(epoch);
  return Step(std::make_unique<Step::State>(*state_, state_->panel.begin(), epoch));
}

SnapshotTicket Monitor::snapshot(std::int64_t epoch) {
  state_->expect_running();
  return state_->snapshot(epoch);
}

void Monitor::log(std::int64_t epoch, std::string_view name, double value) {
  state_->writer.write(LogRow{epoch, std::string(name), value});
}

SnapshotReport Monitor::finish() { return state_->finish(); }

const std::filesystem::path& Monitor::run_directory() const {
  return state_->options.run_directory;
}

}  // namespace livecca
