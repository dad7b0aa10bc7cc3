#include "show/layer_verdicts.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <vector>

#include "runs/layer_lines.hpp"
#include "runs/layer_order.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

/// The layers that have a verdict, in the network's order.
std::vector<const VerdictRow*> in_order(const RunRows& rows, const ShowOptions& options) {
  std::vector<const VerdictRow*> found;
  for (const auto& [layer, verdict] : rows.verdicts) {
    if (options.layer.empty() || ::fnmatch(options.layer.c_str(), layer.c_str(), 0) == 0) {
      found.push_back(&verdict);
    }
  }
  std::ranges::stable_sort(found, LayerOrder(rows), &VerdictRow::layer);
  return found;
}

Ink ink_of(const std::string& verdict) {
  if (verdict == "undecided") return Ink::aside;
  return verdict == "settled" ? Ink::settled : Ink::moving;
}

std::string settled_text(const std::vector<const VerdictRow*>& layers) {
  const auto settled = std::ranges::count_if(
      layers, [](const VerdictRow* row) { return row->verdict == "settled"; });
  const VerdictRow* fastest = nullptr;
  for (const VerdictRow* row : layers) {
    const bool moves = row->verdict == "moving" || row->verdict == "wandering";
    if (moves && row->speed && (fastest == nullptr || row->speed > fastest->speed)) fastest = row;
  }
  std::string text = std::to_string(settled) + " of " + std::to_string(layers.size()) +
                     (layers.size() == 1 ? " layer" : " layers") +
                     (settled == 1 ? " has settled" : " have settled");
  const auto undecided = std::ranges::count_if(
      layers, [](const VerdictRow* row) { return row->verdict == "undecided"; });
  if (undecided > 0) text += ", " + std::to_string(undecided) + " undecided";
  if (fastest == nullptr) return text;
  return text + "; " + shown_name(fastest->layer) +
         (fastest->verdict == "moving" ? " moves" : " wanders") + " most, by " +
         number_text(fastest->speed) + " an epoch";
}

}  // namespace

std::string layer_verdicts_text(const RunRows& rows, const ShowOptions& options,
                                const Canvas& canvas) {
  if (options.stream && *options.stream != Stream::probe) return "";
  const std::vector<const VerdictRow*> layers = in_order(rows, options);
  if (layers.empty()) return "";
  std::vector<std::string> names;
  for (const VerdictRow* row : layers) names.push_back(row->layer);
  LayerLines lines =
      layer_lines(rows, names, {.reference = options.reference, .width = canvas.width});
  TextTable table(true);
  table.add(lines.cells.front());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    auto& line = lines.cells[i + 1];
    line.back() = inked(line.back(), ink_of(layers[i]->verdict), canvas.colours);
    table.add(std::move(line));
  }
  std::string below;
  for (const std::string& remark : lines.remarks) below += wrapped(remark, canvas.width);
  const std::string record = record_line(rows.verdict_records);
  if (!record.empty()) below += wrapped(record, canvas.width);
  const std::int64_t epoch = layers.front()->epoch;
  const bool is_older = !rows.epochs.empty() && epoch != *rows.epochs.rbegin();
  const std::string title =
      (is_older ? "at epoch " + std::to_string(epoch) + ": " : "") + settled_text(layers);
  return inked(cut_end(title, canvas.width), Ink::title, canvas.colours) + "\n" + table.text() +
         below + inked(wrapped(lines.legend(), canvas.width), Ink::aside, canvas.colours) + "\n";
}

std::string settled_line(const RunRows& rows) {
  const std::vector<const VerdictRow*> layers = in_order(rows, {});
  return layers.empty() ? "" : settled_text(layers);
}

std::string record_line(const std::vector<VerdictRecordRow>& records) {
  if (records.empty()) return "";
  const VerdictRecordRow& all = records.front();
  const std::uint64_t judged = all.held + all.early;
  if (judged == 0) {
    return all.overtaken == 0 ? "\"settled\" was said of no layer"
                              : "every \"settled\" was said before the learning rate jumped, so "
                                "none could be judged";
  }
  std::string text = "\"settled\" was right in " + std::to_string(all.held) + " of " +
                     std::to_string(judged) + (judged == 1 ? " case" : " cases");
  const VerdictRecordRow* worst = nullptr;
  for (const VerdictRecordRow& row : records) {
    if (row.layer.empty() || row.early == 0) continue;
    if (worst == nullptr || row.early > worst->early) worst = &row;
  }
  if (worst != nullptr && worst->early > 1) {
    text += ", too early most often for " + shown_name(worst->layer) + " (" +
            std::to_string(worst->early) + " of " + std::to_string(worst->held + worst->early) +
            ")";
  }
  if (all.late > 0) {
    text += "; " + std::to_string(all.late) + (all.late == 1 ? " time" : " times") +
            " it could have been said and was not";
  }
  if (all.overtaken > 0) {
    text += "; " + std::to_string(all.overtaken) + " not judged, as the learning rate jumped later";
  }
  if (all.intervals > 0) {
    text += "; what was yet to go lay in its interval " + std::to_string(all.intervals_held) +
            " of " + std::to_string(all.intervals) + " times";
  }
  return text;
}

}  // namespace livecca::tool
