#include "runs/layer_lines.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "runs/layer_order.hpp"
#include "runs/no_answer.hpp"
#include "runs/pair_curves.hpp"
#include "text/output_text.hpp"
#include "text/table_names.hpp"

namespace livecca::tool {
namespace {

using Cells = std::vector<std::vector<std::string>>;

std::string remaining_text(const VerdictRow& row) {
  if (!row.remaining) return "-";
  return number_text(row.remaining_low) + " to " + number_text(row.remaining_high);
}

const char* sign_of(const std::string& direction) {
  if (direction == "nearing") return " ↓";
  if (direction == "leaving") return " ↑";
  return direction == "keeping" ? " =" : " ?";
}

/// A row may name the reference's layer or leave it to the layer's name.
const DirectionRow* direction_of(const RunRows& rows, CurveKey key) {
  auto found = rows.directions.find(key);
  if (found == rows.directions.end()) {
    key.reference_layer.clear();
    found = rows.directions.find(key);
  }
  return found == rows.directions.end() ? nullptr : &found->second;
}

/// The distances of layers to one reference.
class ReferenceColumn {
 public:
  ReferenceColumn(const RunRows& rows, const CurveGroup& group) {
    title_ = "to " + shown_name(group.reference) + (group.stream == Stream::train ? ", train" : "");
    for (const Curve* curve : group.own) has_marks_ |= curve->is_at_floor();
    for (const Curve* curve : group.own) add(rows, *curve);
  }

  const std::string& title() const { return title_; }
  bool has_directions() const { return has_directions_; }
  bool has_floors() const { return !floors_.empty(); }
  bool has_marks() const { return has_marks_; }
  /// With room for a sign where other layers have one, so that numbers stand below each other.
  std::string cell(const std::string& layer) const {
    return text_of(cells_, layer, "-") + (has_directions_ && !signs_.contains(layer) ? "  " : "");
  }
  std::string floor(const std::string& layer) const { return text_of(floors_, layer, "-"); }
  /// Why not to trust the number.
  std::string note(const std::string& layer) const { return text_of(notes_, layer, ""); }
  std::string no_answer(const std::string& layer) const { return text_of(silent_, layer, ""); }

 private:
  using Texts = std::map<std::string, std::string>;  // by layer

  static std::string text_of(const Texts& texts, const std::string& layer, const char* otherwise) {
    const auto found = texts.find(layer);
    return found == texts.end() ? otherwise : found->second;
  }

  void add(const RunRows& rows, const Curve& curve) {
    const std::string& layer = curve.key.layer;
    notes_[layer] = note_of(curve);
    if (const std::string why = why_no_answer(curve); !why.empty()) {
      silent_[layer] = "no answer: " + why;
      return;
    }
    std::string& cell = cells_[layer] = marked_number(curve.latest(), curve.is_at_floor());
    if (has_marks_ && !curve.is_at_floor()) cell += " ";  // numbers stand below each other
    if (const DirectionRow* row = direction_of(rows, curve.key)) {
      cell += sign_of(row->direction);
      signs_.insert(layer);
      has_directions_ = true;
    }
    constexpr std::size_t longest = 12;
    if (curve.key.reference_layer != layer) {
      cell += " " + cut_begin(shown_name(curve.key.reference_layer), longest);
    }
    if (curve.noise_floor) floors_[layer] = number_text(curve.noise_floor);
  }

  std::string title_;
  Texts cells_;
  Texts floors_;
  Texts notes_;
  Texts silent_;
  std::set<std::string> signs_;  // layers that have one
  bool has_directions_ = false;
  bool has_marks_ = false;
};

std::vector<ReferenceColumn> reference_columns(const RunRows& rows,
                                               const LayerLinesOptions& options) {
  std::vector<ReferenceColumn> columns;
  for (const CurveGroup& group : curve_groups(rows, {})) {
    const bool moves = group.reference_kind == ReferenceKind::before && !rows.verdicts.empty();
    if (moves || group.reference_kind == ReferenceKind::final) continue;
    if (group.stream == Stream::train && !options.has_train) continue;
    if (!options.reference.empty() && group.reference != options.reference) continue;
    columns.emplace_back(rows, group);
  }
  return columns;
}

/// The verdict, alarms, and what there is to say of the numbers before it, each once.
std::string last_cell(const RunRows& rows, const std::string& layer,
                      const std::vector<ReferenceColumn>& columns, bool has_status) {
  std::vector<std::string> parts;
  const auto add = [&](const std::string& part) {
    if (!part.empty() && std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  };
  const auto verdict = rows.verdicts.find(layer);
  if (verdict != rows.verdicts.end()) {
    VerdictRow row = verdict->second;
    if (rows.finished) row.settling_epoch_low.reset();  // the run is over
    add(verdict_text(row));
  }
  for (const VerdictRow& alarm : rows.alarms) {
    // A layer that is broken may stand still, and so be settled, too.
    if (alarm.layer == layer && alarm.verdict != "best_match_elsewhere") add(alarm.verdict);
  }
  for (const ReferenceColumn& column : columns) {
    add(has_status ? column.note(layer) : column.no_answer(layer));
  }
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// A line for each message, with the layers that it is of.
std::vector<std::string> remarks_of(const RunRows& rows, const std::vector<std::string>& layers) {
  std::vector<std::string> messages;
  std::map<std::string, std::vector<std::string>> layers_of;
  for (const std::string& layer : layers) {
    const auto verdict = rows.verdicts.find(layer);
    if (verdict == rows.verdicts.end() || verdict->second.message.empty()) continue;
    const std::string message = shown_name(verdict->second.message);
    if (layers_of[message].empty()) messages.push_back(message);
    layers_of[message].push_back(layer);
  }
  constexpr std::size_t most_named = 4;
  for (std::string& message : messages) {
    const std::vector<std::string>& named = layers_of[message];
    if (named.size() < layers.size()) message = some_of(named, most_named) + ": " + message;
  }
  return messages;
}

std::size_t width_of_table(const Cells& cells) {
  std::size_t width = 0;
  for (std::size_t column = 0; column < cells.front().size(); ++column) {
    std::size_t widest = 0;
    for (const auto& line : cells) widest = std::max(widest, width_of(line[column]));
    width += widest + 2;
  }
  return width - 2;
}

/// Of a table that is so much too wide.
void cut_last_cells(Cells& cells, std::size_t too_wide) {
  std::size_t widest = 0;
  for (const auto& line : cells) widest = std::max(widest, width_of(line.back()));
  constexpr std::size_t least = 8;
  const std::size_t room = std::max(least, widest - std::min(widest, too_wide));
  for (auto& line : cells) line.back() = cut_end(line.back(), room);
}

}  // namespace

std::string verdict_text(const VerdictRow& row) {
  if (row.since_epoch) return row.verdict + " since " + std::to_string(*row.since_epoch);
  if (row.verdict != "moving" || !row.settling_epoch_low || !row.settling_epoch_high)
    return row.verdict;
  return row.verdict + ", settles at " + count_text(std::floor(*row.settling_epoch_low)) + " to " +
         count_text(std::ceil(*row.settling_epoch_high));
}

std::vector<std::string> layers_in_order(const RunRows& rows) {
  std::set<std::string> known;
  for (const Curve& curve : rows.curves) known.insert(curve.key.layer);
  for (const auto& [layer, verdict] : rows.verdicts) known.insert(layer);
  std::vector<std::string> order(known.begin(), known.end());
  std::ranges::stable_sort(order, LayerOrder(rows));
  return order;
}

LayerLines layer_lines(const RunRows& rows, const std::vector<std::string>& layers,
                       const LayerLinesOptions& options) {
  std::vector<ReferenceColumn> columns = reference_columns(rows, options);
  const TableNames names(layers, std::max<std::size_t>(10, options.width / 4));
  LayerLines lines;
  lines.has_motions = !rows.verdicts.empty();
  lines.has_record = !rows.verdict_records.empty() && rows.verdict_records.front().intervals > 0;
  lines.has_floors = std::ranges::any_of(columns, &ReferenceColumn::has_floors);
  const auto line_of = [&](const std::string& layer) {
    std::vector<std::string> line{"  " + names.of(layer)};
    if (lines.has_motions) {
      const auto verdict = rows.verdicts.find(layer);
      const VerdictRow row = verdict == rows.verdicts.end() ? VerdictRow{} : verdict->second;
      line.insert(line.end(), {number_text(row.speed), remaining_text(row)});
    }
    for (const ReferenceColumn& column : columns) {
      line.push_back(column.cell(layer));
      if (lines.has_floors) line.push_back(column.floor(layer));
    }
    line.push_back(last_cell(rows, layer, columns, options.has_status));
    return line;
  };
  const auto fill = [&] {
    lines.cells = {{"  layer"}};
    std::vector<std::string>& heading = lines.cells.front();
    if (lines.has_motions) heading.insert(heading.end(), {"an epoch", "yet to go"});
    for (const ReferenceColumn& column : columns) {
      heading.push_back(column.title());
      if (lines.has_floors) heading.emplace_back("floor");
    }
    heading.emplace_back(lines.has_motions ? "verdict" : "");
    for (const std::string& layer : layers) lines.cells.push_back(line_of(layer));
    return width_of_table(lines.cells);
  };
  std::size_t width = fill();
  if (width > options.width && lines.has_floors) {
    lines.has_floors = false;
    width = fill();
  }
  while (width > options.width && !columns.empty()) {
    lines.left_out.insert(lines.left_out.begin(), columns.back().title());
    columns.pop_back();
    width = fill();
  }
  if (width > options.width) cut_last_cells(lines.cells, width - options.width);
  lines.remarks = remarks_of(rows, layers);
  if (!columns.empty()) lines.measure = shown_name(shown_measure(rows, ""));
  lines.has_directions = std::ranges::any_of(columns, &ReferenceColumn::has_directions);
  lines.has_marks = std::ranges::any_of(columns, &ReferenceColumn::has_marks);
  return lines;
}

std::string LayerLines::legend() const {
  std::string text;
  const auto add = [&](bool is_shown, const std::string& meaning) {
    if (is_shown) text += (text.empty() ? "" : "; ") + meaning;
  };
  const std::string forecast = has_record ? "forecast" : "forecast, right about 8 times in 10";
  add(has_motions,
      "an epoch: how far it moves; yet to go: " + forecast + " (unrelated data: 1 for both)");
  add(!measure.empty(), "to …: " + measure);
  add(has_floors, "floor: unrelated data of this size");
  add(has_marks, unrelated_legend);
  add(has_directions, "↓ nearing, ↑ leaving, = keeping, ? undecided");
  return text;
}

}  // namespace livecca::tool
