#include "sinks/latest_rows.hpp"

namespace livecca {

void LatestRows::put(const std::vector<MeasureRow>& rows) {
  const std::lock_guard lock(mutex_);
  for (const MeasureRow& row : rows) {
    rows_[{row.stream, row.layer, row.reference, row.reference_layer, row.measure}] = row;
  }
}

std::optional<MeasureRow> LatestRows::find(const RowKey& key) const {
  const std::lock_guard lock(mutex_);
  const std::string& own = key.reference_layer.empty() ? key.layer : key.reference_layer;
  const MeasureRow* only = nullptr;
  std::size_t found = 0;
  for (const auto& [names, row] : rows_) {
    if (row.stream != key.stream.value_or(Stream::probe) || row.layer != key.layer ||
        row.reference != key.reference || row.measure != key.measure ||
        row.epoch != key.epoch.value_or(row.epoch)) {
      continue;
    }
    if (row.reference_layer == own) return row;
    only = &row;
    ++found;
  }
  if (!key.reference_layer.empty() || found != 1) return std::nullopt;
  return *only;
}

std::vector<MeasureRow> LatestRows::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<MeasureRow> rows;
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

}  // namespace livecca
