#include "monitor/latest_rows.hpp"

namespace livecca {

void LatestRows::put(const std::vector<MeasureRow>& rows) {
  const std::lock_guard lock(mutex_);
  for (const MeasureRow& row : rows) {
    rows_[{row.stream, row.layer, row.reference, row.reference_layer, row.measure}] = row;
  }
}

std::optional<MeasureRow> LatestRows::find(std::string_view stream, std::string_view layer,
                                           std::string_view reference,
                                           std::string_view reference_layer,
                                           std::string_view measure) const {
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find({std::string(stream), std::string(layer), std::string(reference),
                                 std::string(reference_layer), std::string(measure)});
  return found == rows_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<MeasureRow> LatestRows::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<MeasureRow> rows;
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

}  // namespace livecca
