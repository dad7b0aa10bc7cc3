#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "compare/measure_values.hpp"
#include "livecca/measures/measure.hpp"

namespace livecca::tool {

/// One measure of rows with columns. An entry that was not computed, or has no value, is empty.
class PairMatrix {
 public:
  PairMatrix(const MeasureInfo& measure, std::size_t rows, std::size_t columns);

  const MeasureInfo& measure() const { return *measure_; }
  Direction direction() const { return direction_; }
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  const std::optional<double>& value(std::size_t row, std::size_t column) const {
    return values_[row * columns_ + column];
  }
  const std::optional<double>& floor(std::size_t row, std::size_t column) const {
    return floors_[row * columns_ + column];
  }
  const std::optional<double>& p_value(std::size_t row, std::size_t column) const {
    return p_values_[row * columns_ + column];
  }
  /// Whether unrelated data would score as well. For the best of a row: see best_of_row().
  bool is_chance(std::size_t row, std::size_t column) const {
    return chance_[row * columns_ + column];
  }
  /// All of them, row by row.
  const std::vector<std::optional<double>>& values() const { return values_; }

  void set(std::size_t row, std::size_t column, const MeasureResult& result);
  /// The column most like a row; nothing if the row has no values.
  std::optional<std::size_t> best_of_row(std::size_t row) const;
  /// Nothing, too, if the best of as many unrelated columns would be as like the row in 1 of 100
  /// cases or more.
  std::optional<std::size_t> match_of_row(std::size_t row) const;

 private:
  const MeasureInfo* measure_;
  Direction direction_;
  std::size_t rows_;
  std::size_t columns_;
  std::vector<std::optional<double>> values_;
  std::vector<std::optional<double>> floors_;
  std::vector<std::optional<double>> p_values_;
  std::vector<bool> chance_;          ///< on its own
  std::vector<bool> chance_of_many_;  ///< as the best of a row
};

/// What the rows and columns of a matrix are called, and whether to mark every row's best.
struct MatrixLabels {
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  bool mark_best = false;
};

/// "measure direction", the entries with their marks, as many columns at a time as are readable.
std::string to_text(const PairMatrix& matrix, const MatrixLabels& labels);

/// What the marks mean, and which floors the entries have.
std::string marks_text(const PairMatrix& matrix, const MatrixLabels& labels);

/// Lists of rows; null where there is no number.
nlohmann::ordered_json values_json(const PairMatrix& matrix);
nlohmann::ordered_json floors_json(const PairMatrix& matrix);
nlohmann::ordered_json p_values_json(const PairMatrix& matrix);

}  // namespace livecca::tool
