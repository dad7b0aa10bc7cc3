#include "sinks/latest_rows.hpp"

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
  const MeasureRow* only = nullptr;
  std::size_t found = 0;
  for (const auto& [key, row] : rows_) {
    if (row.stream != stream || row.layer != layer || row.reference != reference ||
        row.measure != measure) {
      continue;
    }
    if (row.reference_layer == (reference_layer.empty() ? layer : reference_layer)) return row;
    only = &row;
    ++found;
  }
  if (!reference_layer.empty() || found != 1) return std::nullopt;
  return *only;
}

std::vector<MeasureRow> LatestRows::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<MeasureRow> rows;
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

}  // namespace livecca
