#include "matrices/pair_matrix.hpp"

#include <algorithm>

#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

using Json = nlohmann::ordered_json;

bool is_better(Direction direction, double value, double than) {
  return direction == Direction::distance ? value < than : value > than;
}

/// The number, and two places for its marks, so that numbers stay under each other.
std::string cell(const PairMatrix& matrix, std::size_t row, std::size_t column, bool mark_best) {
  const bool best = mark_best && matrix.match_of_row(row) == column;
  return number_text(matrix.value(row, column)) + (best ? "*" : " ") +
         (matrix.is_chance(row, column) ? unrelated_mark : " ");
}

/// As many columns from `first` on as fit the readable width, at least one.
std::size_t fitting(const MatrixLabels& labels, std::size_t first) {
  std::size_t width = 0;
  for (const std::string& row : labels.rows) width = std::max(width, row.size());
  std::size_t count = 0;
  while (first + count < labels.columns.size()) {
    // A number and its marks take 8 places, and 2 lie between columns.
    width += 2 + std::max<std::size_t>(8, labels.columns[first + count].size() + 2);
    if (count > 0 && width > readable_width) break;
    ++count;
  }
  return count;
}

template <typename Entry>
Json rows_json(const PairMatrix& matrix, const Entry& entry) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    Json row = Json::array();
    for (std::size_t j = 0; j < matrix.columns(); ++j) row.push_back(number_or_null(entry(i, j)));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

PairMatrix::PairMatrix(const MeasureInfo& measure, std::size_t rows, std::size_t columns)
    : measure_(&measure),
      direction_(measure.shown()),
      rows_(rows),
      columns_(columns),
      values_(rows * columns),
      floors_(rows * columns),
      p_values_(rows * columns),
      chance_(rows * columns),
      chance_of_many_(rows * columns) {}

void PairMatrix::set(std::size_t row, std::size_t column, const MeasureResult& result) {
  const DirectedValue directed = value_in(direction_, result);
  values_[row * columns_ + column] = directed.value;
  floors_[row * columns_ + column] = directed.floor;
  p_values_[row * columns_ + column] = result.p_value;
  chance_[row * columns_ + column] = livecca::tool::is_chance(result);
  chance_of_many_[row * columns_ + column] = livecca::tool::is_chance(result, columns_);
}

std::optional<std::size_t> PairMatrix::best_of_row(std::size_t row) const {
  std::optional<std::size_t> best;
  for (std::size_t j = 0; j < columns_; ++j) {
    if (!value(row, j)) continue;
    if (!best || is_better(direction_, *value(row, j), *value(row, *best))) best = j;
  }
  return best;
}

std::optional<std::size_t> PairMatrix::match_of_row(std::size_t row) const {
  const auto best = best_of_row(row);
  return best && !chance_of_many_[row * columns_ + *best] ? best : std::nullopt;
}

std::string to_text(const PairMatrix& matrix, const MatrixLabels& labels) {
  std::string text = std::string(matrix.measure().name) + " " + name_of(matrix.direction()) + "\n";
  std::size_t first = 0;
  while (first < matrix.columns()) {
    const std::size_t count = fitting(labels, first);
    TextTable table;
    std::vector<std::string> heading{""};
    for (std::size_t j = first; j < first + count; ++j) heading.push_back(labels.columns[j] + "  ");
    table.add(std::move(heading));
    for (std::size_t i = 0; i < matrix.rows(); ++i) {
      std::vector<std::string> cells{labels.rows[i]};
      for (std::size_t j = first; j < first + count; ++j) {
        cells.push_back(cell(matrix, i, j, labels.mark_best));
      }
      table.add(std::move(cells));
    }
    text += "\n" + table.text();
    first += count;
  }
  return text;
}

std::string marks_text(const PairMatrix& matrix, const MatrixLabels& labels) {
  std::string text;
  if (labels.mark_best) {
    text += "* the best match of its row, if the best of as many unrelated layers is not as near\n";
  }
  std::optional<double> lowest;
  std::optional<double> highest;
  bool noise = false;
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    for (std::size_t j = 0; j < matrix.columns(); ++j) {
      noise = noise || matrix.is_chance(i, j);
      const auto& floor = matrix.floor(i, j);
      if (!floor) continue;
      lowest = std::min(lowest.value_or(*floor), *floor);
      highest = std::max(highest.value_or(*floor), *floor);
    }
  }
  if (noise) text += "~ no nearer than unrelated data of this size may be by chance\n";
  if (!lowest) return text;
  const bool one = number_text(lowest) == number_text(highest);
  return text + "noise floor " + number_text(lowest) + (one ? "" : " to " + number_text(highest)) +
         ": the " + name_of(matrix.direction()) + " of unrelated data of this size\n";
}

Json values_json(const PairMatrix& matrix) {
  return rows_json(matrix, [&](std::size_t i, std::size_t j) { return matrix.value(i, j); });
}

Json p_values_json(const PairMatrix& matrix) {
  return rows_json(matrix, [&](std::size_t i, std::size_t j) { return matrix.p_value(i, j); });
}

Json floors_json(const PairMatrix& matrix) {
  return rows_json(matrix, [&](std::size_t i, std::size_t j) { return matrix.floor(i, j); });
}

}  // namespace livecca::tool
