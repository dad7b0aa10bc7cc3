#include "runs/layer_verdicts.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <vector>

#include "runs/pair_curves.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"
#include "text/short_names.hpp"

namespace livecca::tool {
namespace {

/// The layers that have a verdict, in the network's order.
std::vector<const VerdictRow*> in_order(const RunRows& rows, const ShowOptions& options) {
  std::vector<const VerdictRow*> found;
  const auto add = [&](const std::string& layer) {
    const auto place = rows.verdicts.find(layer);
    if (place == rows.verdicts.end() || std::ranges::find(found, &place->second) != found.end()) {
      return;
    }
    if (options.layer.empty() || ::fnmatch(options.layer.c_str(), layer.c_str(), 0) == 0) {
      found.push_back(&place->second);
    }
  };
  if (rows.facts) {
    for (const RunRow::Tap& tap : rows.facts->taps) {
      if (tap.network == rows.facts->network) add(tap.layer);
    }
  }
  for (const auto& [layer, verdict] : rows.verdicts) add(layer);
  return found;
}

Ink ink_of(const std::string& verdict) {
  if (verdict == "undecided") return Ink::aside;
  return verdict == "settled" ? Ink::settled : Ink::moving;
}

std::string verdict_text(const VerdictRow& row) {
  if (!row.since_epoch) return row.verdict;
  return row.verdict + " since " + std::to_string(*row.since_epoch);
}

std::string remaining_text(const VerdictRow& row) {
  if (!row.remaining) return "-";
  return number_text(row.remaining_low) + " to " + number_text(row.remaining_high);
}

const char* sign_of(const std::string& direction) {
  if (direction == "nearing") return " ↓";
  if (direction == "leaving") return " ↑";
  return direction == "keeping" ? " =" : " ?";
}

/// The distances of layers to one reference that stays as it is, with their directions.
class ReferenceColumn {
 public:
  ReferenceColumn(const RunRows& rows, std::string reference, const std::string& measure)
      : reference_(std::move(reference)) {
    for (const Curve& curve : rows.curves) {
      const CurveKey& key = curve.key;
      if (key.stream != Stream::probe || key.reference != reference_ || key.measure != measure ||
          key.reference_layer != key.layer) {
        continue;
      }
      const auto direction = rows.directions.find(key);
      cells_[key.layer] =
          number_text(curve.latest()) +
          (direction == rows.directions.end() ? "" : sign_of(direction->second.direction));
    }
  }

  std::string title() const { return "to " + shown_name(reference_); }
  std::string cell(const std::string& layer) const {
    const auto found = cells_.find(layer);
    return found == cells_.end() ? "-" : found->second;
  }
  std::size_t width() const {
    std::size_t width = width_of(title());
    for (const auto& [layer, cell] : cells_) width = std::max(width, width_of(cell));
    return width;
  }

 private:
  std::string reference_;
  std::map<std::string, std::string> cells_;
};

/// Of all references, or the one asked for.
std::vector<ReferenceColumn> reference_columns(const RunRows& rows, const std::string& asked) {
  std::vector<ReferenceColumn> columns;
  std::vector<std::string> seen;
  if (rows.curves.empty()) return columns;
  const std::string& measure = rows.curves.front().key.measure;
  for (const Curve& curve : rows.curves) {
    const bool stays = curve.reference_kind != ReferenceKind::before &&
                       curve.reference_kind != ReferenceKind::final;
    if (!asked.empty() && curve.key.reference != asked) continue;
    if (!stays || curve.key.stream != Stream::probe ||
        std::ranges::find(seen, curve.key.reference) != seen.end()) {
      continue;
    }
    seen.push_back(curve.key.reference);
    columns.emplace_back(rows, curve.key.reference, measure);
  }
  return columns;
}

std::string settled_text(const std::vector<const VerdictRow*>& layers) {
  const auto settled = std::ranges::count_if(
      layers, [](const VerdictRow* row) { return row->verdict == "settled"; });
  const VerdictRow* fastest = nullptr;
  for (const VerdictRow* row : layers) {
    const bool moves = row->verdict == "moving" || row->verdict == "wandering";
    if (moves && (fastest == nullptr || row->speed > fastest->speed)) fastest = row;
  }
  std::string text = std::to_string(settled) + " of " + std::to_string(layers.size()) +
                     (layers.size() == 1 ? " layer has settled" : " layers have settled");
  if (fastest == nullptr) return text;
  return text + "; " + shown_name(fastest->layer) +
         (fastest->verdict == "moving" ? " moves" : " wanders") + " most, by " +
         number_text(fastest->speed) + " an epoch";
}

/// How often the run's verdicts came true; empty before its end.
std::string record_text(const std::vector<VerdictRecordRow>& records) {
  if (records.empty()) return "";
  const VerdictRecordRow& all = records.front();
  const std::uint64_t judged = all.held + all.early;
  std::string text = "\"settled\" was right in " + std::to_string(all.held) + " of " +
                     std::to_string(judged) + (judged == 1 ? " case" : " cases");
  const VerdictRecordRow* worst = nullptr;
  for (const VerdictRecordRow& row : records) {
    if (row.layer.empty() || row.early == 0) continue;
    if (worst == nullptr || row.early > worst->early) worst = &row;
  }
  if (worst != nullptr) {
    text += ", too early most often for " + shown_name(worst->layer) + " (" +
            std::to_string(worst->early) + ")";
  }
  if (all.late > 0)
    text += "; " + std::to_string(all.late) + " times it could have been said and was not";
  if (all.overtaken > 0) {
    text += "; " + std::to_string(all.overtaken) + " not judged, as the learning rate jumped later";
  }
  return text;
}

/// The layers' names, speeds and remaining distances, with a heading.
std::vector<std::vector<std::string>> own_cells(const std::vector<const VerdictRow*>& layers,
                                                std::size_t room_for_names) {
  std::vector<std::string> names;
  for (const VerdictRow* row : layers) names.push_back(row->layer);
  const ShortNames short_names(names, room_for_names);
  std::vector<std::vector<std::string>> lines{{"  layer", "an epoch", "yet to go"}};
  for (const VerdictRow* row : layers) {
    lines.push_back(
        {"  " + short_names.of(row->layer), number_text(row->speed), remaining_text(*row)});
  }
  return lines;
}

/// How wide a table of these lines is, with the verdicts behind them.
std::size_t width_with_verdicts(const std::vector<std::vector<std::string>>& lines,
                                const std::vector<const VerdictRow*>& layers) {
  std::size_t width = 0;
  for (std::size_t column = 0; column < lines.front().size(); ++column) {
    std::size_t widest = 0;
    for (const auto& line : lines) widest = std::max(widest, width_of(line[column]));
    width += widest + 2;
  }
  std::size_t widest_verdict = 0;
  for (const VerdictRow* row : layers) {
    widest_verdict = std::max(widest_verdict, width_of(verdict_text(*row)));
  }
  return width + widest_verdict;
}

}  // namespace

std::string layer_verdicts_text(const RunRows& rows, const ShowOptions& options,
                                const Canvas& canvas) {
  if (options.stream && *options.stream != Stream::probe) return "";
  const std::vector<const VerdictRow*> layers = in_order(rows, options);
  if (layers.empty()) return "";
  auto lines = own_cells(layers, std::max<std::size_t>(10, canvas.width / 4));
  std::size_t width = width_with_verdicts(lines, layers);
  bool has_signs = false;
  for (const ReferenceColumn& column : reference_columns(rows, options.reference)) {
    width += column.width() + 2;
    if (width > canvas.width) break;
    has_signs = true;
    lines.front().push_back(column.title());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      lines[i + 1].push_back(column.cell(layers[i]->layer));
    }
  }
  lines.front().emplace_back("");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    lines[i + 1].push_back(
        inked(verdict_text(*layers[i]), ink_of(layers[i]->verdict), canvas.colours));
  }
  TextTable table(true);
  for (auto& line : lines) table.add(std::move(line));
  std::string legend =
      "an epoch: how far the layer moves; yet to go: to where it is forecast to end, in 80 % of "
      "all "
      "cases; unrelated data have 1";
  if (has_signs) legend += "; ↓ nearing, ↑ leaving, = keeping its distance, ? undecided";
  std::string record = wrapped(record_text(rows.verdict_records), canvas.width);
  if (!record.empty()) record += "\n";
  return inked(cut_end(settled_text(layers), canvas.width), Ink::title, canvas.colours) + "\n" +
         table.text() + record + inked(wrapped(legend, canvas.width), Ink::aside, canvas.colours) +
         "\n";
}

}  // namespace livecca::tool
