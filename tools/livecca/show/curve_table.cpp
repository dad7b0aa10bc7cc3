#include "show/curve_table.hpp"

#include <algorithm>
#include <cstdio>
#include <span>
#include <utility>

#include "runs/no_answer.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

// Narrower curves say little; beyond the other, eyes lose the line.
constexpr std::size_t narrowest_curve = 8;
constexpr std::size_t widest_curve = 60;

std::string signed_text(std::optional<double> value) {
  const std::string text = number_text(value);
  return value && *value >= 0 ? "+" + text : text;
}

std::optional<double> change_of(const Curve& curve) {
  const auto& points = curve.points;
  if (points.size() < CurveTable::change_over) return std::nullopt;
  const std::span latest = std::span(points).last(CurveTable::change_over);
  const auto& before = latest.front().value;
  if (!before || !curve.latest()) return std::nullopt;
  if (std::ranges::any_of(latest.subspan(1), &Point::begins_anew)) return std::nullopt;
  return *curve.latest() - *before;
}

/// What an earlier version said of a curve.
std::string older_text(const VerdictRow& verdict) {
  if (verdict.verdict != "settled" || !verdict.since_epoch) return verdict.verdict;
  return "settled since " + std::to_string(*verdict.since_epoch);
}

/// The layer, and the reference's where it has another name.
std::string label(const Curve& curve) {
  const CurveKey& key = curve.key;
  return key.reference_layer == key.layer ? key.layer : key.layer + " → " + key.reference_layer;
}

std::vector<std::string> labels_of(const CurveGroup& group) {
  std::vector<std::string> labels;
  for (const Curve* curve : group.own) labels.push_back(label(*curve));
  return labels;
}

std::size_t room_for_names(const Canvas& canvas) {
  return std::max<std::size_t>(10, canvas.width / 4);
}

/// The epoch from which on the curve's numbers are of windows that are alike; empty if they all
/// are.
std::optional<std::int64_t> begun_anew(const Curve& curve) {
  for (auto point = curve.points.rbegin(); point != curve.points.rend(); ++point) {
    if (point->begins_anew) return point->epoch;
  }
  return std::nullopt;
}

}  // namespace

CurveTable::CurveTable(const RunRows& rows, const CurveGroup& group, const Canvas& canvas)
    : rows_(rows),
      group_(group),
      canvas_(canvas),
      names_(labels_of(group), room_for_names(canvas)) {
  for (const Curve* curve : group.own) {
    for (const Moment& moment : moments_of(*curve)) place_of_[moment] = 0;
    for (const Point& point : curve->points) highest_ = std::max(highest_, point.value.value_or(0));
  }
  highest_ = full_bar(highest_);
  std::size_t place = 0;
  for (auto& [moment, at] : place_of_) at = place++;
  columns_ = all_columns();
  fit();
}

/// Final curves have several rows of an epoch and the same step where an epoch has several
/// snapshots.
std::vector<CurveTable::Moment> CurveTable::moments_of(const Curve& curve) {
  std::vector<Moment> moments;
  for (const Point& point : curve.points) {
    Moment moment(point.epoch, point.step, 0);
    if (!moments.empty()) {
      const auto& [epoch, step, repeats] = moments.back();
      if (epoch == point.epoch && step == point.step) std::get<2>(moment) = repeats + 1;
    }
    moments.push_back(moment);
  }
  return moments;
}

CurveColumns CurveTable::all_columns() const {
  const auto any = [&](const auto& has) { return std::ranges::any_of(group_.own, has); };
  CurveColumns columns;
  columns.floor = any([](const Curve* curve) { return curve->noise_floor.has_value(); });
  columns.error = any([](const Curve* curve) { return curve->standard_error.has_value(); });
  columns.change = group_.reference_kind != ReferenceKind::final &&
                   any([](const Curve* curve) { return change_of(*curve).has_value(); });
  columns.drift = any([&](const Curve* curve) { return drift_of(*curve) != nullptr; });
  columns.status = any([](const Curve* curve) { return !note_of(*curve).empty(); });
  columns.marks = any([](const Curve* curve) { return curve->is_at_floor(); });
  columns.anew = any([](const Curve* curve) { return begun_anew(*curve).has_value(); });
  return columns;
}

void CurveTable::fit() {
  const std::size_t least = std::max(narrowest_curve, width_of(epochs()));
  for (bool* column :
       {&columns_.change, &columns_.status, &columns_.error, &columns_.drift, &columns_.floor}) {
    if (width_without_bars() + least <= canvas_.width) break;
    *column = false;
  }
  const std::size_t others = width_without_bars();
  room_ = others < canvas_.width ? canvas_.width - others : 0;
  says_epochs_ = width_of(epochs()) <= room_;
  room_ = std::clamp(room_, narrowest_curve, widest_curve);
}

void CurveTable::narrow(std::size_t room) {
  room_ = std::clamp(room, narrowest_curve, room_);
  says_epochs_ = width_of(epochs()) <= room_;
}

std::size_t CurveTable::width_without_bars() const {
  std::vector<std::size_t> widths;
  const auto widen = [&](const std::vector<std::string>& cells) {
    widths.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  };
  widen(heading(""));
  for (const Curve* curve : group_.own) widen(line(*curve, "", false));
  std::size_t sum = 2 * (widths.size() - 1);
  for (const std::size_t width : widths) sum += width;
  return sum;
}

Series CurveTable::series_of(const Curve& curve) const {
  Series series(place_of_.size());
  const std::vector<Moment> moments = moments_of(curve);
  for (std::size_t i = 0; i < moments.size(); ++i) {
    series[place_of_.at(moments[i])] = curve.points[i].value;
  }
  return series;
}

/// A row may name the reference's layer or leave it to the layer's name.
std::string CurveTable::direction_of(const Curve& curve, bool colours) const {
  CurveKey key = curve.key;
  for (int i = 0; i < 2; ++i) {
    if (const auto place = rows_.directions.find(key); place != rows_.directions.end()) {
      const std::string& word = place->second.direction;
      return inked(word, word == "undecided" || word == "keeping" ? Ink::aside : Ink::moving,
                   colours);
    }
    if (const auto place = rows_.older_verdicts.find(key); place != rows_.older_verdicts.end()) {
      return inked(older_text(place->second), Ink::aside, colours);
    }
    key.reference_layer.clear();
  }
  return "";
}

const DriftRow* CurveTable::drift_of(const Curve& curve) const {
  const auto place = rows_.drifts.find(curve.key);
  return place == rows_.drifts.end() ? nullptr : &place->second;
}

std::string CurveTable::state(const Curve& curve, bool colours) const {
  std::string text = direction_of(curve, colours);
  const std::string note = columns_.status ? note_of(curve) : "";
  if (!note.empty()) text += (text.empty() ? "" : ", ") + inked(note, Ink::aside, colours);
  if (const auto epoch = begun_anew(curve)) {
    const std::string told = "anew from " + std::to_string(*epoch);
    text += (text.empty() ? "" : ", ") + inked(told, Ink::aside, colours);
  }
  return text;
}

std::string CurveTable::epochs() const {
  const auto first = std::get<0>(place_of_.begin()->first);
  const auto last = std::get<0>(place_of_.rbegin()->first);
  if (first == last) return "epoch " + std::to_string(first);
  return (says_epochs_ ? "epochs " : "") + std::to_string(first) + " to " + std::to_string(last);
}

std::vector<std::string> CurveTable::heading(const std::string& curves) const {
  std::vector<std::string> cells{"  layer", curves, "latest"};
  if (columns_.floor) cells.emplace_back("floor");
  if (columns_.error) cells.emplace_back("error");
  if (columns_.change) cells.emplace_back("last " + std::to_string(change_over));
  if (columns_.drift) cells.emplace_back("drift");
  cells.emplace_back("");
  return cells;
}

std::vector<std::string> CurveTable::line(const Curve& curve, const std::string& bars,
                                          bool colours) const {
  const bool says_nothing = !why_no_answer(curve).empty();
  std::string latest = says_nothing ? "-" : marked_number(curve.latest(), curve.is_at_floor());
  // Numbers stay under each other.
  if (columns_.marks && !latest.ends_with(unrelated_mark)) latest += " ";
  std::vector<std::string> cells{"  " + names_.of(label(curve)), bars, std::move(latest)};
  if (columns_.floor) cells.push_back(number_text(curve.noise_floor));
  if (columns_.error) cells.push_back(number_text(curve.standard_error));
  if (columns_.change) cells.push_back(signed_text(change_of(curve)));
  if (columns_.drift) {
    const DriftRow* drift = drift_of(curve);
    const char* mark = drift != nullptr && drift->is_explained_by_sizes() ? unrelated_mark : "";
    cells.push_back(drift == nullptr ? "-" : signed_text(drift->drift()) + mark);
  }
  cells.push_back(state(curve, colours));
  return cells;
}

std::string CurveTable::title() const {
  char scale[48];
  std::snprintf(scale, sizeof(scale), "; █ is %.4g", highest_);
  const std::string name =
      group_.measure + " " + reference_text(group_) + ", " + name_of(group_.stream) + " stream";
  const std::size_t room = canvas_.width - std::min(canvas_.width / 2, width_of(scale));
  return inked(cut_end(name, room), Ink::title, canvas_.colours) + scale + "\n";
}

std::string CurveTable::text() const {
  const auto to_the_left = [](const std::string& text, std::size_t width) {
    return text + std::string(width - std::min(width, width_of(text)), ' ');
  };
  std::vector<std::string> bars;
  for (const Curve* curve : group_.own) {
    bars.push_back(sparkline(series_of(*curve), 0, highest_, room_));
  }
  const std::size_t width = std::max(width_of(bars.front()), width_of(epochs()));
  TextTable table(true);
  table.add(heading(to_the_left(epochs(), width)));
  for (std::size_t i = 0; i < bars.size(); ++i) {
    table.add(line(*group_.own[i], to_the_left(bars[i], width), canvas_.colours));
  }
  return title() + table.text();
}

}  // namespace livecca::tool
