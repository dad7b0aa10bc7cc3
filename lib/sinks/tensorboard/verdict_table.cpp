#include "sinks/tensorboard/verdict_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "sinks/tensorboard/tags.hpp"

namespace livecca {
namespace {

std::string digits_of(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return "–";
  std::array<char, 400> text{};  // the largest number has 309 digits before its point
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), *value, std::chars_format::fixed, 3);
  return {text.data(), end.ptr};  // with a point in any locale
}

std::string whole(double value) { return std::to_string(std::llround(value)); }

/// What is said of one layer.
struct LayerLine {
  const VerdictRow* verdict = nullptr;
  std::map<std::string, std::string> directions;  // by reference
  std::string remarks;  // alarms, and what verdicts say beside their words
};

class VerdictTable {
 public:
  VerdictTable(const SnapshotRows& rows, Stream stream) {
    for (const MeasureRow& row : rows.measures) {
      if (row.stream != stream) continue;
      numbers_[{row.layer, row.reference, row.reference_layer, row.measure}] = &row;
    }
    for (const VerdictRow& row : rows.verdicts) {
      if (row.stream == stream) take(row);
    }
    for (const DirectionRow& row : rows.directions) {
      if (row.stream == stream) take(row);
    }
  }

  TableCells cells(const std::vector<std::string>& layers) const {
    if (lines_.empty()) return {};
    TableCells table{{"layer", "verdict", "moves an epoch", "yet to go"}};
    for (const std::string& reference : references_) {
      table[0].push_back("to " + markdown_of(reference));
    }
    table[0].emplace_back("alarms, remarks");
    if (has_marks_) table[0][0] += " (~ no nearer than unrelated data of this size)";
    for (const std::string& layer : in_order(layers)) {
      table.push_back(cells_of(layer, lines_.at(layer)));
    }
    return table;
  }

 private:
  LayerLine& line_of(const std::string& layer) {
    const auto [place, is_new] = lines_.try_emplace(layer);
    if (is_new) layers_.push_back(layer);
    return place->second;
  }

  void take(const VerdictRow& row) {
    LayerLine& line = line_of(row.layer);
    std::string said;
    if (is_alarm(row)) {
      said = markdown_of(row.verdict);
      if (!row.reference.empty()) said += " (" + markdown_of(row.reference) + ")";
      if (!row.message.empty()) said += ": ";
    } else if (row.reference.empty()) {  // older runs have one for each reference
      line.verdict = &row;
    }
    said += markdown_of(row.message);
    if (!said.empty()) line.remarks += (line.remarks.empty() ? "" : "; ") + said;
  }

  void take(const DirectionRow& row) {
    if (std::ranges::find(references_, row.reference) == references_.end()) {
      references_.push_back(row.reference);
    }
    line_of(row.layer).directions[row.reference] = markdown_of(row.direction) + number_of(row);
  }

  std::string number_of(const DirectionRow& row) {
    const auto found = numbers_.find({row.layer, row.reference, row.reference_layer, row.measure});
    if (found == numbers_.end() || !found->second->value) return "";
    const MeasureRow& number = *found->second;
    const bool is_marked =
        is_like_unrelated(number.direction, number.value, number.noise_floor, number.p_value);
    has_marks_ |= is_marked;
    return ", " + digits_of(number.value) + (is_marked ? "~" : "");
  }

  std::vector<std::string> in_order(const std::vector<std::string>& layers) const {
    std::vector<std::string> order;
    for (const std::string& layer : layers) {
      if (lines_.contains(layer)) order.push_back(layer);
    }
    for (const std::string& layer : layers_) {
      if (std::ranges::find(layers, layer) == layers.end()) order.push_back(layer);
    }
    return order;
  }

  std::vector<std::string> cells_of(const std::string& layer, const LayerLine& line) const {
    std::vector<std::string> cells{markdown_of(layer)};
    if (line.verdict == nullptr) {
      cells.insert(cells.end(), 3, "–");
    } else {
      const VerdictRow& row = *line.verdict;
      const std::string word = markdown_of(row.verdict);
      const bool is_settled = row.verdict == "settled";
      cells.push_back(is_settled ? "**" + word + "**" : word);
      if (row.since_epoch) cells.back() += " since " + std::to_string(*row.since_epoch);
      if (row.settling_epoch_low && row.settling_epoch_high) {
        cells.back() += ", settles at " + whole(std::floor(*row.settling_epoch_low)) + " to " +
                        whole(std::ceil(*row.settling_epoch_high));
      }
      cells.push_back(digits_of(row.speed));
      cells.push_back(!row.remaining
                          ? "–"
                          : digits_of(row.remaining_low) + " to " + digits_of(row.remaining_high));
    }
    for (const std::string& reference : references_) {
      const auto found = line.directions.find(reference);
      cells.push_back(found == line.directions.end() ? "–" : found->second);
    }
    cells.push_back(line.remarks);
    return cells;
  }

  std::map<std::array<std::string, 4>, const MeasureRow*> numbers_;
  std::map<std::string, LayerLine> lines_;
  std::vector<std::string> layers_;      // as they came
  std::vector<std::string> references_;  // as they came
  bool has_marks_ = false;               // behind numbers that say no more than chance
};

}  // namespace

TableCells verdict_table(const SnapshotRows& rows, Stream stream,
                         const std::vector<std::string>& layers) {
  return VerdictTable(rows, stream).cells(layers);
}

TableCells record_table(std::vector<VerdictRecordRow> records,
                        const std::vector<std::string>& layers) {
  if (records.empty()) return {};
  std::ranges::stable_sort(records, {}, [&](const VerdictRecordRow& row) {
    return row.layer.empty() ? -1 : std::ranges::find(layers, row.layer) - layers.begin();
  });
  TableCells table{{"layer", "settled: held", "too early", "overtaken", "late"}};
  for (const VerdictRecordRow& row : records) {
    const std::string layer = row.layer.empty() ? "**all**" : markdown_of(row.layer);
    table.push_back({layer, std::to_string(row.held) + " of " + std::to_string(row.settled),
                     std::to_string(row.early), std::to_string(row.overtaken),
                     std::to_string(row.late)});
  }
  return table;
}

}  // namespace livecca
