#include "show/run_notices.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>

#include "livecca/measures/measure.hpp"
#include "runs/watching.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t most_notices = 4;

/// Events of one kind, whatever their subjects.
struct EventKind {
  std::string what;
  std::uint64_t count = 0;
  std::vector<std::string> subjects;
  std::string message;  ///< the latest
  std::int64_t epoch = 0;
};

bool is_course_of_things(const Event& event) {
  constexpr std::array<std::string_view, 2> usual{"finished", "resumed"};
  return std::ranges::find(usual, event.what) != usual.end();
}

std::vector<EventKind> event_kinds(const RunRows& rows) {
  std::vector<EventKind> kinds;
  for (const Event& event : rows.events) {
    if (is_course_of_things(event)) continue;
    auto place = std::ranges::find(kinds, event.what, &EventKind::what);
    if (place == kinds.end())
      place = kinds.insert(kinds.end(), EventKind{event.what, 0, {}, event.message, event.epoch});
    place->count += event.count;
    if (!event.subject.empty()) place->subjects.push_back(event.subject);
    if (event.epoch > place->epoch) {
      place->epoch = event.epoch;
      place->message = event.message;
    }
  }
  return kinds;
}

std::string alarm_line(const VerdictRow& alarm, std::int64_t last_epoch) {
  std::string words = alarm.verdict;
  std::ranges::replace(words, '_', ' ');
  std::string text = "! " + shown_name(alarm.layer) + ", " + shown_name(words);
  if (alarm.since_epoch && *alarm.since_epoch != alarm.epoch) {
    text += " since epoch " + std::to_string(*alarm.since_epoch);
  }
  text += std::string(", ") + name_of(alarm.stream) + " stream";
  if (alarm.epoch != last_epoch) text += ", last at epoch " + std::to_string(alarm.epoch);
  return text + (alarm.message.empty() ? "" : ": " + shown_name(alarm.message));
}

std::string dead_neurons(const RunRows& rows) {
  std::vector<std::string> layers;
  for (const LayerRow& layer : rows.layers) {
    if (layer.dead == 0 || (rows.facts && layer.network != rows.facts->network)) continue;
    std::string text =
        layer.layer + " " + std::to_string(layer.dead) + " of " + std::to_string(layer.features);
    if (std::ranges::find(layers, text) == layers.end()) layers.push_back(std::move(text));
  }
  return layers.empty() ? "" : "neurons that did not vary: " + some_of(layers, most_notices);
}

}  // namespace

std::string earlier_alarms(const RunRows& rows) {
  std::vector<std::string> texts;
  for (const EndedAlarm& ended : rows.ended_alarms) {
    std::string words = ended.verdict;
    std::ranges::replace(words, '_', ' ');
    std::string text = ended.layer + " " + words;
    if (!ended.reference.empty()) text += " in " + ended.reference;
    text += ended.stream == Stream::train ? " (train stream, " : " (";
    if (ended.times > 1) text += std::to_string(ended.times) + " times, ";
    text += "epoch " + std::to_string(ended.first_epoch);
    if (ended.last_epoch != ended.first_epoch) text += " to " + std::to_string(ended.last_epoch);
    texts.push_back(text + ")");
  }
  return texts.empty() ? "" : "earlier alarms: " + some_of(texts, most_notices);
}

std::string alarms_text(const RunRows& rows, const Canvas& canvas) {
  const std::int64_t last_epoch = rows.epochs.empty() ? 0 : *rows.epochs.rbegin();
  std::string text;
  for (const VerdictRow& alarm : rows.alarms) {
    std::string lines = wrapped(alarm_line(alarm, last_epoch), canvas.width);
    lines.pop_back();
    text += inked(lines, Ink::alarm, canvas.colours) + "\n";
  }
  if (const std::string ended = earlier_alarms(rows); !ended.empty()) {
    text += inked(wrapped(ended, canvas.width), Ink::aside, canvas.colours);
  }
  const std::string dead = dead_neurons(rows);
  return dead.empty() ? text : text + cut_end(dead, canvas.width) + "\n";
}

std::string undecided_line(const RunRows& rows, const std::string& reference) {
  std::vector<std::string> open;
  std::vector<std::string> beyond_telling;
  std::optional<double> most;
  for (const Curve& curve : rows.curves) {
    const CurveKey& key = curve.key;
    const bool asked = reference.empty() || reference == key.reference;
    // Of the last state only, and once for each layer and reference: by the run's first measure.
    if (key.stream != Stream::probe || curve.reference_kind == ReferenceKind::final || !asked ||
        key.measure != rows.curves.front().key.measure || key.reference_layer != key.layer ||
        !curve.p_value || *curve.p_value < told_from_chance) {
      continue;
    }
    const std::string name = key.layer + " to " + key.reference;
    if (!curve.samples_needed) {
      beyond_telling.push_back(name);
      continue;
    }
    open.push_back(name);
    most = std::max(most.value_or(0), *curve.samples_needed);
  }
  std::string text;
  if (most) {
    text = "not told from unrelated data: " + some_of(open, most_notices) + "; about " +
           about_text(*most) + " inputs would decide" + (open.size() > 1 ? " all of them" : " it");
  }
  if (!beyond_telling.empty()) {
    text += (text.empty() ? "" : "; ") + std::string("no nearer than unrelated data: ") +
            some_of(beyond_telling, most_notices);
  }
  return text;
}

std::string events_text(const RunRows& rows, const Canvas& canvas) {
  std::string text;
  for (const EventKind& kind : event_kinds(rows)) {
    std::string line = shown_name(kind.what) + " " + std::to_string(kind.count) + "×";
    if (!kind.subjects.empty()) line += ", " + some_of(kind.subjects, 2);
    line += "; epoch " + std::to_string(kind.epoch) + ": " + shown_name(kind.message);
    std::istringstream lines(wrapped(line, canvas.width));
    for (std::string part; std::getline(lines, part);) text += cut_end(part, canvas.width) + "\n";
  }
  return text;
}

std::string overhead_text(const RunRows& rows, const Canvas& canvas) {
  if (!rows.overhead) return "";
  const OverheadRow& overhead = *rows.overhead;
  const bool is_synchronous = rows.facts && rows.facts->synchronous;
  const double own = overhead.accumulate_seconds + overhead.solve_seconds;
  const Watching watching = watching_of(overhead, rows.facts);
  char took[160];
  if (watching.share) {
    std::snprintf(took, sizeof(took),
                  "watching took %.1f %% of the training threads' time at the last snapshot",
                  100 * *watching.share);
  } else {
    std::snprintf(took, sizeof(took), "watching took %.2g s of training since the snapshot before",
                  watching.seconds);
  }
  std::string text = took;
  if (!is_synchronous && own > 0) {
    std::snprintf(took, sizeof(took), "; livecca's own threads worked %.3g s beside it", own);
    text += took;
  }
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += "; " + std::to_string(count) + what;
  };
  add(rows.train_steps_dropped, " train steps dropped");
  add(overhead.lines_lost, " lines lost");
  add(overhead.resumes, overhead.resumes == 1 ? " resume" : " resumes");
  return wrapped(text, canvas.width);
}

}  // namespace livecca::tool
