#include "sinks/run_writer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_depth.hpp"
#include "livecca/common/error.hpp"
#include "livecca/sinks/jsonl_reader.hpp"
#include "livecca/sinks/rows_reader.hpp"

namespace livecca {
namespace {

/// What a snapshot's rows take in memory, texts left out.
std::size_t bytes_of(const SnapshotRows& rows) {
  std::size_t numbers = 0;
  for (const SpectrumRow& row : rows.spectra) {
    numbers += row.canonical_correlations.capacity() + row.weights.capacity();
  }
  return sizeof rows + numbers * sizeof(double) + rows.measures.size() * sizeof(MeasureRow) +
         rows.spectra.size() * sizeof(SpectrumRow) + rows.layers.size() * sizeof(LayerRow) +
         rows.drifts.size() * sizeof(DriftRow) + rows.verdicts.size() * sizeof(VerdictRow) +
         rows.directions.size() * sizeof(DirectionRow);
}

/// The line's wall_time; 0 if it has none.
double time_of(const std::string& line) {
  const auto json = parse_json(line);
  return json.is_object() && json.contains("wall_time") && json["wall_time"].is_number()
             ? json["wall_time"].get<double>()
             : 0;
}

/// What tells one reason from another: a message without its digits, which count or measure.
std::string reason_of(const std::string& message) {
  std::string reason;
  std::ranges::copy_if(message, std::back_inserter(reason),
                       [](char c) { return c < '0' || c > '9'; });
  return reason;
}

/// Complete lines from a size on that are no rows. Throws Error if the file cannot be read.
std::vector<std::string> foreign_lines_from(const std::filesystem::path& path, std::uint64_t size) {
  auto reader = JsonlReader::open(path);
  if (!reader) throw Error(reader.why());
  std::vector<std::string> lines;
  std::uint64_t end = 0;
  const auto read = reader->read(
      [&](std::string_view line) {
        const std::uint64_t begin = std::exchange(end, end + line.size() + 1);
        if (begin >= size && !row_from_json(line)) lines.emplace_back(line);
      },
      [] {});
  if (!read) throw Error(read.why());
  return lines;
}

}  // namespace

RunWriter::RunWriter(const std::filesystem::path& directory, std::string run, Callbacks callbacks,
                     bool is_new)
    : file_(is_new ? JsonlFile(directory / "rows.jsonl")
                   : JsonlFile::at_end_of(directory / "rows.jsonl")),
      run_(std::move(run)),
      callbacks_(std::move(callbacks)) {}

RunWriter::ClockReading RunWriter::read_clock() const noexcept {
  ClockReading reading{.time = 0, .before = last_time_};
  if (!callbacks_.wall_clock) {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    reading.time = std::chrono::duration<double>(since_epoch).count();
    return reading;
  }
  try {
    reading.time = callbacks_.wall_clock();
  } catch (...) {
    reading.time = reading.before;
  }
  return reading;
}

double RunWriter::stamp(const ClockReading& reading) noexcept {
  // Another thread may have used a later reading meanwhile: then the clock did not step back.
  // Infinity would stand for the time of all later rows.
  const bool goes_on = reading.time >= reading.before && std::isfinite(reading.time);
  stepped_back_ |= !goes_on;
  if (goes_on && reading.time > last_time_) last_time_ = reading.time;
  return last_time_;
}

void RunWriter::write_line(const std::string& line) {
  const bool written = file_.write(line);
  const auto tell_here = [this](const auto& make_event) noexcept {
    try {
      report_locked(make_event());
    } catch (...) {
      losses_.count(Loss::event);
    }
  };
  if (!written && !is_failing_) {
    // Its own row may fail to be written too: it waits as the line does.
    is_failing_ = true;
    tell_here([&] {
      return Event{.epoch = epoch_,
                   .what = "write_failed",
                   .subject = file_.path().string(),
                   .message = "expected to append a line, got: " + file_.last_error()};
    });
    is_failing_ = false;
  }
  if (!std::exchange(stepped_back_, false)) return;
  tell_here([&] {
    return Event{.epoch = epoch_,
                 .what = "clock_stepped_back",
                 .subject = "wall_time",
                 .message = "expected time to go on; rows keep the latest time until it does"};
  });
}

void RunWriter::set_heading(const RunRow& row) {
  const ClockReading time = read_clock();
  const std::lock_guard lock(mutex_);
  file_.set_heading(with_checksum(to_json(row, run_, stamp(time))));
}

void RunWriter::set_sinks(const SinkRelays& sinks, std::uint64_t step) {
  const std::lock_guard lock(mutex_);
  if (!sinks.empty()) sinks_ = &sinks;
  step_ = step;
}

void RunWriter::tell_sinks(const RunRow& row) {
  const std::lock_guard lock(mutex_);
  give_to_sinks(row);
}

void RunWriter::give_to_sinks(const std::shared_ptr<const SnapshotRows>& rows) noexcept {
  const ClockReading time = read_clock();
  const std::lock_guard lock(mutex_);
  if (sinks_ == nullptr) return;
  const RowStamp stamped{stamp(time), rows->step};
  try {
    sinks_->give([rows, stamped](Sink& sink) { sink.snapshot(*rows, stamped); }, SinkCall::snapshot,
                 bytes_of(*rows));
  } catch (...) {
    losses_.count(Loss::sink_call);
    tell_losses();
  }
}

void RunWriter::give_to_sinks(const RunRow& row) {
  if (sinks_ == nullptr) return;
  const RowStamp stamp{last_time_, step_};
  const auto shared = std::make_shared<const RunRow>(row);
  sinks_->give([shared, stamp](Sink& sink) { sink.run(*shared, stamp); }, SinkCall::kept);
}

void RunWriter::give_to_sinks(const LogRow& row) {
  if (sinks_ == nullptr) return;
  const RowStamp stamp{last_time_, row.step};
  sinks_->give([row, stamp](Sink& sink) { sink.log(row, stamp); }, SinkCall::log);
}

void RunWriter::give_to_sinks(const Event& event) {
  if (sinks_ == nullptr) return;
  const RowStamp stamp{last_time_, step_};
  const auto shared = std::make_shared<const Event>(event);
  sinks_->give([shared, stamp](Sink& sink) { sink.event(*shared, stamp); }, SinkCall::event);
}

void RunWriter::report(const Event& event) noexcept {
  const ClockReading time = read_clock();
  const std::lock_guard lock(mutex_);
  stamp(time);
  try {
    report_locked(event);
  } catch (...) {
    losses_.count(Loss::event);
  }
  tell_losses();
}

void RunWriter::report_locked(const Event& event) {
  constexpr const char* others = "others";
  if (events_.size() >= most_subjects && event.subject != others &&
      !events_.contains({event.what, event.subject})) {
    Event together = event;
    together.subject = others;
    return report_locked(together);
  }
  std::string reason = reason_of(event.message);
  const auto [place, is_first] = events_.try_emplace(
      {event.what, event.subject}, CountedEvent{.event = event, .written = 0, .reasons = {reason}});
  CountedEvent& counted = place->second;
  const bool is_new = is_first || count_again(counted, event, std::move(reason));
  // One that found no memory when it came first is written now.
  if (is_new || counted.written == 0) write_event(counted);
  if (is_new) call_on_event(counted.event);
}

bool RunWriter::count_again(CountedEvent& counted, const Event& event, std::string reason) {
  const bool is_new = counted.reasons.size() < most_reasons &&
                      std::ranges::find(counted.reasons, reason) == counted.reasons.end();
  if (is_new) {
    std::string message = event.message;
    counted.reasons.push_back(std::move(reason));
    counted.event.message = std::move(message);
    counted.event.epoch = event.epoch;
  }
  counted.event.count += event.count;
  return is_new;
}

void RunWriter::call_on_event(const Event& event) noexcept {
  if (!callbacks_.on_event) return;
  try {
    callbacks_.on_event(event);
  } catch (...) {
    losses_.count(Loss::callback);  // it is in the rows
  }
}

Event RunWriter::too_late(const std::string& what) const {
  return {.epoch = epoch_,
          .what = "after_finish",
          .subject = what,
          .message = "expected no rows after finish(), got " + what + "; they are dropped"};
}

void RunWriter::begin_end() noexcept {
  const std::lock_guard lock(mutex_);
  try {
    // Lines that wait for the disk come behind those of the end: the extent then has these too.
    if (file_.lines_waiting() > 0 && !file_.sync()) return;
    before_end_.emplace(BeforeEnd{file_.size(), last_time_, {}});
    before_end_->events = counted_events();
  } catch (...) {
    // No memory for the events: a run that goes on tells them again.
  }
}

void RunWriter::finish(const Event& last) {
  const ClockReading time = read_clock();
  const std::lock_guard lock(mutex_);
  // First: if the line has to wait, the event that says so may not come after it.
  if (std::exchange(is_finished_, true)) return;
  write_line(with_checksum(to_json(last, run_, stamp(time))));
  give_to_sinks(last);
}

void RunWriter::write_event(CountedEvent& counted) noexcept {
  const std::uint64_t count = counted.event.count;
  if (write_locked(counted.event, last_time_)) counted.written = count;
}

void RunWriter::tell_losses() noexcept {
  if (!losses_.any()) return;
  losses_.tell([this](Loss loss, std::uint64_t count) {
    try {
      report_locked({.epoch = epoch_,
                     .what = "out_of_memory",
                     .subject = name_of(loss),
                     .message = "expected memory for it, got none; it is lost",
                     .count = count});
      return true;
    } catch (...) {
      return false;
    }
  });
}

void RunWriter::write_event_counts() noexcept {
  const ClockReading time = read_clock();
  const std::lock_guard lock(mutex_);
  stamp(time);
  tell_losses();
  // A write that fails adds to the map, which leaves the places of others as they are.
  for (auto& [key, counted] : events_) {
    if (counted.event.count == counted.written) continue;
    write_event(counted);
    if (is_finished_) call_on_event(counted.event);
  }
  tell_losses();
}

std::uint64_t RunWriter::lines_lost() const {
  const std::lock_guard lock(mutex_);
  return file_.lines_lost() + lines_lost_;
}

bool RunWriter::take_up(const std::string& first_line) {
  const std::lock_guard lock(mutex_);
  return file_.take_up(first_line);
}

RunWriter::Cut RunWriter::cut(std::uint64_t size, double time) {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> foreign = foreign_lines_from(file_.path(), size);
  file_.cut(size);
  bool is_whole = file_.size() == size;
  while (time_of(file_.last_line()) > time) {
    file_.cut(file_.size() - 1);
    is_whole = false;
  }
  for (const std::string& line : foreign) file_.write(line);
  return {is_whole, foreign.size()};
}

Result<RunWriter::Extent> RunWriter::sync() {
  const std::lock_guard lock(mutex_);
  if (file_.sync()) {
    if (!before_end_) return Extent{file_.size(), last_time_, file_.first_line(), counted_events()};
    // A file that was begun anew since may be shorter.
    return Extent{std::min(before_end_->size, file_.size()), before_end_->last_time,
                  file_.first_line(), before_end_->events};
  }
  return Failure{file_.path().string() + ": expected the disk to take all rows, got: " +
                 (file_.last_error().empty() ? "an error" : file_.last_error())};
}

std::vector<Event> RunWriter::events() const {
  const std::lock_guard lock(mutex_);
  std::vector<Event> result;
  for (const auto& [key, counted] : events_) result.push_back(counted.event);
  return result;
}

std::vector<CountedEvent> RunWriter::counted_events() const {
  std::vector<CountedEvent> result;
  for (const auto& [key, counted] : events_) result.push_back(counted);
  return result;
}

double RunWriter::time() {
  const ClockReading time = read_clock();
  const std::lock_guard lock(mutex_);
  return stamp(time);
}

double RunWriter::last_time() const { return last_time_; }

void RunWriter::restore(const std::vector<CountedEvent>& events, double last_time) {
  const std::lock_guard lock(mutex_);
  last_time_ = last_time;
  events_.clear();
  for (const CountedEvent& counted : events) {
    // What a sink of another process did says nothing of this one's.
    if (counted.event.what.starts_with("sink_")) continue;
    CountedEvent& known = events_[{counted.event.what, counted.event.subject}];
    known = counted;
    if (known.reasons.empty()) known.reasons.push_back(reason_of(counted.event.message));
  }
}

}  // namespace livecca
