#include "sinks/tensorboard/picture/heatmap.hpp"

#include <cmath>
#include <utility>

namespace livecca {
namespace {

constexpr std::size_t most_columns = 120;

std::optional<double> finite(std::optional<double> value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

void Heatmap::Cell::add(const Cell& later) {
  const LayerMark both{later.mark.is_settled, mark.has_alarm || later.mark.has_alarm};
  const bool begins_anew =
      later.conditions && (!conditions || !difference(*conditions, *later.conditions).empty());
  if (begins_anew) {
    *this = later;
  } else {
    sum += later.sum;
    values += later.values;
    floor_sum += later.floor_sum;
    floors += later.floors;
  }
  mark = both;
}

void Heatmap::merge_columns() {
  std::vector<Column> merged;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i % 2 == 0) {
      merged.push_back(std::move(columns_[i]));
      continue;
    }
    Column& left = merged.back();
    left.last_epoch = columns_[i].last_epoch;
    left.cells.resize(layers_.size());
    columns_[i].cells.resize(layers_.size());
    for (std::size_t j = 0; j < layers_.size(); ++j) left.cells[j].add(columns_[i].cells[j]);
  }
  columns_ = std::move(merged);
  snapshots_a_column_ *= 2;
}

void Heatmap::begin(std::int64_t epoch) {
  partners_.assign(layers_.size(), {});
  if (!columns_.empty() && !is_column_full()) {
    ++snapshots_in_last_;
    columns_.back().last_epoch = epoch;
    for (Cell& cell : columns_.back().cells) cell.mark.is_settled = false;
  } else {
    // An even number, so that every merged column holds as many snapshots.
    if (columns_.size() == most_columns) merge_columns();
    columns_.push_back({epoch, epoch, {}});
    snapshots_in_last_ = 1;
  }
  before_ = columns_.back().cells;
}

void Heatmap::add(const MeasureRow& row) {
  const auto [found, is_new] = places_.try_emplace(row.layer, layers_.size());
  if (is_new) layers_.push_back(row.layer);
  const std::size_t place = found->second;
  partners_.resize(layers_.size());
  before_.resize(layers_.size());
  std::vector<Cell>& cells = columns_.back().cells;
  cells.resize(layers_.size());
  const bool is_first = partners_[place].empty();
  if (!is_first && (row.reference_layer != row.layer || partners_[place] == row.layer)) return;
  partners_[place] = row.reference_layer;
  Cell cell;
  cell.mark = cells[place].mark;
  if (const auto value = finite(row.value)) {
    cell.conditions = conditions_of(row);
    cell.sum = *value;
    cell.values = 1;
  }
  if (const auto floor = finite(row.noise_floor); floor && cell.values > 0) {
    cell.floor_sum = *floor;
    cell.floors = 1;
  }
  cells[place] = before_[place];  // without what another reference layer's row gave
  cells[place].add(cell);
}

void Heatmap::mark(const std::string& layer, LayerMark mark) {
  const auto found = places_.find(layer);
  if (found == places_.end() || columns_.empty()) return;
  std::vector<Cell>& cells = columns_.back().cells;
  cells.resize(layers_.size());
  LayerMark& of_cell = cells[found->second].mark;
  of_cell = {mark.is_settled, of_cell.has_alarm || mark.has_alarm};
}

}  // namespace livecca
