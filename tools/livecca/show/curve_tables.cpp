#include "show/curve_tables.hpp"

#include <algorithm>
#include <sstream>

#include "compare/layer_table.hpp"
#include "runs/layer_matches.hpp"
#include "show/curve_table.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

/// What the columns that were shown mean, and the statuses.
std::string legend(const CurveColumns& columns, const std::vector<CurveGroup>& groups,
                   std::size_t width) {
  std::string text;
  const auto add = [&](bool shown, const std::string& meaning) {
    if (shown) text += (text.empty() ? "" : "; ") + meaning;
  };
  add(columns.floor, "floor: unrelated data of this size");
  add(columns.error, "error: standard error over samples");
  const std::string last = "last " + std::to_string(CurveTable::change_over);
  add(columns.change, last + ": change over the " + last + " snapshots");
  add(columns.drift, "drift: train − probe, ~ if the sizes of their windows may be the reason");
  add(columns.marks, unrelated_legend);
  add(columns.anew,
      "anew from: since this epoch on other samples, features or modes; no change is taken across "
      "it");
  if (!text.empty()) text = wrapped(text, width);
  if (!columns.status) return text;
  std::vector<Status> statuses;
  for (int i = 0; name_of(static_cast<Status>(i)) != nullptr; ++i) {
    const auto status = static_cast<Status>(i);
    const auto has = [&](const Curve* curve) { return curve->status == status; };
    for (const CurveGroup& group : groups) {
      if (std::ranges::any_of(group.own, has)) statuses.push_back(status);
    }
  }
  std::istringstream lines(statuses_text(statuses));
  for (std::string line; std::getline(lines, line);) text += wrapped(line, width);
  return text;
}

}  // namespace

std::string curve_tables(const RunRows& rows, const std::vector<CurveGroup>& groups,
                         const Canvas& canvas) {
  // Curves below each other are read together, so a snapshot has as many bars in each.
  std::vector<CurveTable> tables;
  std::size_t room = canvas.width;
  for (const CurveGroup& group : groups) {
    room = std::min(room, tables.emplace_back(rows, group, canvas).room());
  }
  CurveColumns shown;
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const CurveGroup& group = groups[i];
    CurveTable& table = tables[i];
    table.narrow(room);
    text += table.text() + "\n";
    if (group.has_several_a_layer()) text += layer_matches_text(group, canvas) + "\n";
    const CurveColumns& columns = table.columns();
    shown.floor |= columns.floor;
    shown.error |= columns.error;
    shown.change |= columns.change;
    shown.drift |= columns.drift;
    shown.status |= columns.status;
    shown.marks |= columns.marks;
    shown.anew |= columns.anew;
  }
  return text + inked(legend(shown, groups, canvas.width), Ink::aside, canvas.colours);
}

}  // namespace livecca::tool
