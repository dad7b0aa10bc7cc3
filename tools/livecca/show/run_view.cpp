#include "show/run_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runs/pair_curves.hpp"
#include "runs/sentence.hpp"
#include "show/curve_tables.hpp"
#include "show/layer_verdicts.hpp"
#include "show/run_notices.hpp"
#include "text/foreign_lines.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"
#include "text/sparkline.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t widest_log = 60;
constexpr std::size_t most_named_references = 4;

std::string short_number(std::optional<double> value, int digits) {
  if (!value || !std::isfinite(*value)) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.*g", digits, *value);
  return text;
}

std::string epochs_text(const RunRows& rows) {
  if (rows.epochs.empty()) return "no snapshot yet";
  const std::size_t count = rows.epochs.size();
  return "epoch " + std::to_string(*rows.epochs.rbegin()) + ", " + std::to_string(count) +
         (count == 1 ? " epoch seen" : " epochs seen");
}

std::string headline(const RunRows& rows, const Canvas& canvas) {
  const std::string name = cut_end(shown_name(rows.run), canvas.width / 2);
  std::string text = rows.facts ? " network " + shown_name(rows.facts->network) + ", " : " ";
  text += epochs_text(rows) + ", last row " + ago_text(canvas.now - rows.wall_time);
  if (rows.finished) text += ", finished";
  if (canvas.has_died) text += ", its process died or did not call finish()";
  text = wrapped(name + ":" + text, canvas.width);
  return inked(text.substr(0, name.size()), Ink::title, canvas.colours) + text.substr(name.size());
}

struct LogRange {
  Series values;
  double low = 0;
  double high = 0;
};

LogRange range_of(const LogCurve& log) {
  LogRange range;
  bool first = true;
  for (const Point& point : log.points) {
    range.values.push_back(point.value);
    if (!point.value) continue;
    range.low = first ? *point.value : std::min(range.low, *point.value);
    range.high = first ? *point.value : std::max(range.high, *point.value);
    first = false;
  }
  return range;
}

/// From each one's lowest to its highest: a loss need not be near 0.
std::string logs_text(const RunRows& rows, const Canvas& canvas) {
  if (rows.logs.empty()) return "";
  std::size_t names = 0;
  for (const LogCurve& log : rows.logs) {
    names = std::max(names, width_of(shown_name(log.name)));
  }
  names = std::clamp(names, width_of("logged"), canvas.width / 4);
  const std::size_t others = names + 37;  // the latest, and the lowest to the highest
  const std::size_t room =
      std::clamp<std::size_t>(canvas.width - std::min(canvas.width, others), 8, widest_log);
  std::vector<std::string> bars;
  std::size_t widest = 0;
  for (const LogCurve& log : rows.logs) {
    const LogRange range = range_of(log);
    const bool is_flat = are_the_same(range.low, range.high);
    bars.push_back(sparkline(range.values, range.low, is_flat ? range.low : range.high, room));
    widest = std::max(widest, width_of(bars.back()));
  }
  TextTable table(true);
  table.add({"  logged", "", "latest", "lowest to highest"});
  for (std::size_t i = 0; i < rows.logs.size(); ++i) {
    const LogCurve& log = rows.logs[i];
    const LogRange range = range_of(log);
    const std::string blank(widest - width_of(bars[i]), ' ');
    table.add({"  " + cut_begin(shown_name(log.name), names), blank + bars[i],
               short_number(log.points.back().value, 4),
               short_number(range.low, 3) + " to " + short_number(range.high, 3)});
  }
  return table.text() + "\n";
}

/// Verdicts come from the distances to the snapshots before. If there are verdicts, these distances
/// have a table only if it is asked for.
std::string groups_text(const RunRows& rows, const ShowOptions& options, const Canvas& canvas) {
  std::vector<CurveGroup> groups = curve_groups(rows, options);
  if (groups.empty()) return rows.curves.empty() ? "" : "no rows yet that match the options\n\n";
  std::vector<std::string> left_out;
  if (options.reference.empty() && !rows.verdicts.empty()) {
    std::erase_if(groups, [&](const CurveGroup& group) {
      if (group.reference_kind != ReferenceKind::before) return false;
      left_out.push_back(group.reference);
      return true;
    });
  }
  std::string text = groups.empty() ? "" : curve_tables(rows, groups, canvas);
  if (!left_out.empty()) {
    text +=
        wrapped("more with --reference: " + some_of(left_out, most_named_references), canvas.width);
  }
  return text;
}

}  // namespace

std::string ago_text(double seconds) {
  constexpr double minute = 60;
  constexpr double hour = 60 * minute;
  constexpr double day = 24 * hour;
  // Clocks of two machines differ.
  const double age = std::max(0.0, seconds);
  const auto text = [](double value, const char* unit) {
    return std::to_string(static_cast<std::int64_t>(value)) + " " + unit + " ago";
  };
  if (age < 2 * minute) return text(age, "s");
  if (age < 2 * hour) return text(age / minute, "min");
  return age < 2 * day ? text(age / hour, "h") : text(age / day, "days");
}

std::string draw_run(const RunRows& rows, const ShowOptions& options, const Canvas& canvas) {
  // The answer comes first, then alarms: a terminal that is too low shows the top.
  std::string sentence = wrapped(sentence_of(rows).text(), canvas.width);
  sentence.pop_back();
  std::string text = inked(sentence, Ink::title, canvas.colours) + "\n" + headline(rows, canvas) +
                     alarms_text(rows, canvas) + "\n" + layer_verdicts_text(rows, options, canvas) +
                     logs_text(rows, canvas) + groups_text(rows, options, canvas);
  const std::string undecided = undecided_line(rows, options.reference);
  std::string notices = undecided.empty() ? "" : wrapped(undecided, canvas.width);
  notices += events_text(rows, canvas) + overhead_text(rows, canvas);
  const std::string foreign = foreign_lines_text(rows.foreign);
  if (!foreign.empty()) notices += cut_end(foreign, canvas.width) + "\n";
  return notices.empty() || text.ends_with("\n\n") ? text + notices : text + "\n" + notices;
}

}  // namespace livecca::tool
