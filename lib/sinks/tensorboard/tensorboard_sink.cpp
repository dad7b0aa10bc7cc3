#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "livecca/common/error.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "livecca/sinks/tensorboard.hpp"
#include "sinks/tensorboard/event_file.hpp"
#include "sinks/tensorboard/event_messages.hpp"
#include "sinks/tensorboard/event_table.hpp"
#include "sinks/tensorboard/pending_events.hpp"
#include "sinks/tensorboard/stream_events.hpp"
#include "sinks/tensorboard/stream_folder.hpp"
#include "sinks/tensorboard/tags.hpp"

namespace livecca {
namespace {

SummaryMessage summary_of(const OverheadRow& row) {
  SummaryMessage summary;
  const auto add = [&](const char* what, std::optional<double> value) {
    if (value && std::isfinite(*value)) {
      summary.scalar(std::string("overhead/") + what, *value);
    }
  };
  add("share", row.share);
  add("observe_seconds", row.observe_seconds);
  add("wait_seconds", row.wait_seconds);
  add("reference_seconds", row.reference_seconds);
  add("accumulate_seconds", row.accumulate_seconds);
  add("solve_seconds", row.solve_seconds);
  add("training_seconds", row.training_seconds);
  add("train_steps_observed", static_cast<double>(row.train_steps_observed));
  add("train_steps_dropped", static_cast<double>(row.train_steps_dropped));
  add("lines_lost", static_cast<double>(row.lines_lost));
  return summary;
}

std::set<Stream> streams_of(const SnapshotRows& rows) {
  std::set<Stream> streams;
  for (const MeasureRow& row : rows.measures) streams.insert(row.stream);
  for (const SpectrumRow& row : rows.spectra) streams.insert(row.stream);
  for (const LayerRow& row : rows.layers) streams.insert(row.stream);
  return streams;
}

/// Whether a row came since the run was taken up: the monitor does not wait for its sinks.
bool is_later(const RowLine& line, const SinkRun& run) {
  const auto step_of = [](const auto& row) -> std::uint64_t {
    if constexpr (requires { row.step; }) return row.step;
    return 0;
  };
  return line.wall_time > run.saved_wall_time || std::visit(step_of, line.row) > run.step;
}

std::string log_tag(const LogRow& row) { return "log/" + last_tag_part(row.name); }

class TensorBoardSink final : public Sink {
 public:
  explicit TensorBoardSink(TensorBoardOptions options) : options_(std::move(options)) {
    facts_.axis = options_.axis;
    // The host may change its working directory.
    if (!options_.folder.empty()) options_.folder = std::filesystem::absolute(options_.folder);
  }

  std::string name() const override { return "tensorboard"; }
  void open(const SinkRun& run) override;
  void run(const RunRow& row, const RowStamp& stamp) override;
  void snapshot(const SnapshotRows& rows, const RowStamp& stamp) override;
  void log(const LogRow& row, const RowStamp& stamp) override;
  void event(const Event& event, const RowStamp& stamp) override;
  void close() override;

 private:
  StreamEvents& events_of(Stream stream) {
    return streams_.try_emplace(stream, stream).first->second;
  }
  StreamFolder& folder_of(Stream stream) {
    return folders_.try_emplace(stream, folder_ / name_of(stream)).first->second;
  }
  void forget();
  void set_facts(const RunRow& row);
  void expect_no_other_run() const;
  void recall(const SinkRun& run);
  // Of rows that the run had, what later events depend on.
  void recall_row(const std::monostate&) {}
  void recall_row(const SpectrumRow&) {}
  void recall_row(const DriftRow&) {}
  void recall_row(const RunRow& row) { set_facts(row); }
  void recall_row(const MeasureRow& row) {
    facts_.measures.add(row.measure);
    if (row.reference_kind != ReferenceKind::final) events_of(row.stream).recall(row, facts_);
  }
  void recall_row(const LayerRow& row) { events_of(row.stream).recall(row, facts_); }
  void recall_row(const VerdictRow& row) { events_of(row.stream).recall(row); }
  void recall_row(const DirectionRow&) {}
  void recall_row(const VerdictRecordRow&) {}
  void recall_row(const LogRow& row) { log_step(row); }
  void recall_row(const OverheadRow& row) { overhead_step(row.epoch, row.step); }
  void recall_row(const Event& event) { events_.add(event); }
  void go_on_from(const SinkRun& run);
  void add_snapshot(const SnapshotRows& rows, double wall_time);
  void add_event_table(std::int64_t wanted_step, double wall_time);
  /// If events came that it does not show yet.
  void add_event_table_if_due(std::int64_t wanted_step, double wall_time);
  /// Pictures whose last column is not full: nothing more comes.
  void add_last_pictures();
  std::int64_t log_step(const LogRow& row);
  std::int64_t overhead_step(std::int64_t epoch, std::uint64_t step);
  /// Later than what the run's folder has under `name`, or at least not earlier.
  std::int64_t run_step(const std::string& name, std::int64_t wanted, bool is_later);
  double finite_time(double wall_time);

  TensorBoardOptions options_;
  std::filesystem::path folder_;
  RunFacts facts_;
  std::optional<EventFile> run_file_;
  std::map<Stream, StreamFolder> folders_;
  std::map<Stream, StreamEvents> streams_;
  EventTable events_;
  bool has_new_events_ = false;
  bool has_final_report_ = false;
  std::optional<double> last_event_table_;         // when it was written
  std::map<std::string, std::int64_t> run_steps_;  // last ones, by what is written
  double last_time_ = 0;
  PendingEvents pending_;
};

/// A reader gives a file up at a wall time that is no number.
double TensorBoardSink::finite_time(double wall_time) {
  if (std::isfinite(wall_time)) last_time_ = wall_time;
  return last_time_;
}

void TensorBoardSink::forget() {
  folders_.clear();
  streams_.clear();
  facts_.measures = {};
  events_ = {};
  has_new_events_ = has_final_report_ = false;
  last_event_table_.reset();
  run_steps_.clear();
}

void TensorBoardSink::set_facts(const RunRow& row) {
  facts_.headline_measure = row.measures.empty() ? "" : row.measures.front();
  if (const MeasureInfo* info = find_measure(facts_.headline_measure)) {
    facts_.headline_measure = info->row_name();
    facts_.headline_direction = info->shown();
  }
  facts_.pairs_all_with_all = row.pairing == "all with all";
  for (const std::string& measure : row.measures) {
    const MeasureInfo* info = find_measure(measure);
    facts_.measures.add(info ? info->row_name() : measure);
  }
  facts_.layers.clear();
  for (const RunRow::Tap& tap : row.taps) {
    if (tap.network == row.network) facts_.layers.push_back(tap.layer);
  }
}

/// TensorBoard would show one curve of two runs, and the start of the second takes the first back.
void TensorBoardSink::expect_no_other_run() const {
  for (const char* name : {"probe", "train", "run"}) {
    if (StreamFolder(folder_ / name).runs().empty()) continue;
    throw Error((folder_ / name).string() +
                ": expected a folder of this run alone, got event files");
  }
}

void TensorBoardSink::recall(const SinkRun& run) {
  const std::filesystem::path path = run.folder / "rows.jsonl";
  std::error_code failure;
  if (std::filesystem::status(path, failure).type() == std::filesystem::file_type::not_found) {
    return;
  }
  auto reader = RowsReader::open(path, {.with_spectra = false});
  if (!reader) throw Error(reader.why());
  const auto read = reader->read(
      [&](const RowLine& line) {
        if (is_later(line, run)) return;
        std::visit([&](const auto& row) { recall_row(row); }, line.row);
      },
      [] {});
  if (!read) throw Error(read.why());
}

void TensorBoardSink::go_on_from(const SinkRun& run) {
  recall(run);
  const double wall_time = finite_time(run.wall_time);
  // What the rows have stays. A page that is open has the rest, too: it is told the step after
  // their last, which is the first that may come once more.
  for (const Stream stream : {Stream::probe, Stream::train}) {
    StreamFolder& folder = folder_of(stream);
    folder.take_back(run.saved_wall_time);
    for (const std::string& name : folder.runs()) {
      pending_.add(folder.file(name), {}, wall_time, events_of(stream).next_step());
    }
  }
  std::int64_t next = 0;
  for (const auto& [name, step] : run_steps_) next = std::max(next, step + 1);
  cut_event_files(run_file_->folder(), run.saved_wall_time);
  pending_.add(*run_file_, {}, wall_time, next);
  // What stood there of events is taken back, too.
  if (!events_.empty()) add_event_table(next, wall_time);
}

void TensorBoardSink::open(const SinkRun& run) {
  pending_.run("open", [&] {
    folder_ = options_.folder.empty() ? run.folder / "tensorboard" : options_.folder;
    facts_.run = run.name;
    forget();
    run_file_.emplace(folder_ / "run");
    const double wall_time = finite_time(run.wall_time);
    if (run.is_resumed) {
      go_on_from(run);
    } else {
      expect_no_other_run();
      pending_.add(*run_file_, {}, wall_time, 0);
    }
  });
}

void TensorBoardSink::run(const RunRow& row, const RowStamp&) { set_facts(row); }

std::int64_t TensorBoardSink::run_step(const std::string& name, std::int64_t wanted,
                                       bool is_later) {
  const auto [last, is_new] = run_steps_.try_emplace(name, wanted);
  if (!is_new) last->second = std::max(wanted, last->second + (is_later ? 1 : 0));
  return last->second;
}

std::int64_t TensorBoardSink::overhead_step(std::int64_t epoch, std::uint64_t step) {
  return run_step("overhead", facts_.place_of(epoch, step), true);
}

void TensorBoardSink::add_last_pictures() {
  for (auto& [stream, events] : streams_) {
    const auto pictures = events.last_pictures(facts_);
    if (!pictures) continue;
    pending_.add(folder_of(stream).file(""),
                 summary_event(last_time_, pictures->step, pictures->summary), last_time_,
                 pictures->step);
  }
}

void TensorBoardSink::add_snapshot(const SnapshotRows& rows, double wall_time) {
  add_event_table_if_due(facts_.place_of(rows.epoch, rows.step), wall_time);
  for (const MeasureRow& row : rows.measures) facts_.measures.add(row.measure);
  // Before the final report, after whose file a reader does not go back to that of the stream.
  if (rows.is_final) add_last_pictures();
  has_final_report_ |= rows.is_final;
  for (const Stream stream : streams_of(rows)) {
    StreamEvents& events = events_of(stream);
    StreamFolder& folder = folder_of(stream);
    const auto parts =
        rows.is_final ? events.final_report(rows, facts_) : events.snapshot(rows, facts_);
    for (const auto& [run, step, summary] : parts) {
      EventFile& file = rows.is_final ? folder.final_file(run) : folder.file(run);
      pending_.add(file, summary_event(wall_time, step, summary), wall_time,
                   rows.is_final ? events.next_step() : step);
    }
  }
  if (!rows.overhead) return;
  const std::int64_t step = overhead_step(rows.epoch, rows.step);
  pending_.add(*run_file_, summary_event(wall_time, step, summary_of(*rows.overhead)), wall_time,
               step);
}

void TensorBoardSink::snapshot(const SnapshotRows& rows, const RowStamp& stamp) {
  const std::string call = "snapshot " + std::to_string(rows.epoch) + ' ' +
                           std::to_string(rows.step) + (rows.is_final ? " final " : " ") +
                           std::to_string(stamp.wall_time);
  pending_.run(call, [&] { add_snapshot(rows, finite_time(stamp.wall_time)); });
}

/// Of several numbers of a name at one step TensorBoard shows the last, which keeps the axis true.
std::int64_t TensorBoardSink::log_step(const LogRow& row) {
  return run_step(log_tag(row), facts_.place_of(row.epoch, row.step), false);
}

void TensorBoardSink::log(const LogRow& row, const RowStamp& stamp) {
  if (!std::isfinite(row.value)) return;
  const std::string call =
      "log " + row.name + ' ' + std::to_string(stamp.wall_time) + ' ' + std::to_string(row.value);
  pending_.run(call, [&] {
    SummaryMessage summary;
    summary.scalar(log_tag(row), row.value);
    const double wall_time = finite_time(stamp.wall_time);
    const std::int64_t step = log_step(row);
    pending_.add(*run_file_, summary_event(wall_time, step, summary), wall_time, step);
  });
}

void TensorBoardSink::add_event_table(std::int64_t wanted_step, double wall_time) {
  SummaryMessage summary;
  summary.table("3 events", events_.table());
  const std::int64_t step = run_step("events", wanted_step, false);
  pending_.add(*run_file_, summary_event(wall_time, step, summary), wall_time, step);
  has_new_events_ = false;
  last_event_table_ = wall_time;
}

void TensorBoardSink::add_event_table_if_due(std::int64_t wanted_step, double wall_time) {
  if (has_new_events_) add_event_table(wanted_step, wall_time);
}

void TensorBoardSink::event(const Event& event, const RowStamp& stamp) {
  const std::string call = "event " + event.what + ' ' + event.subject + ' ' +
                           std::to_string(event.count) + ' ' + std::to_string(stamp.wall_time);
  pending_.run(call, [&] {
    events_.add(event);
    has_new_events_ = true;
    // The table is written whole, so not for each event of a flood; the others follow with the next
    // snapshot or at the end.
    const double wall_time = finite_time(stamp.wall_time);
    if (last_event_table_ && std::abs(wall_time - *last_event_table_) < 1) return;
    add_event_table(facts_.place_of(event.epoch, stamp.step), wall_time);
  });
}

void TensorBoardSink::close() {
  pending_.run("close", [&] {
    if (!run_file_) return;  // it was never opened
    add_event_table_if_due(run_steps_["events"], last_time_);
    if (!has_final_report_) add_last_pictures();
  });
}

}  // namespace

std::shared_ptr<Sink> tensorboard_sink(TensorBoardOptions options) {
  return std::make_shared<TensorBoardSink>(std::move(options));
}

}  // namespace livecca
