#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "livecca/sinks/row_key.hpp"

namespace livecca {

/// The newest number of each kind. Thread safe.
class LatestRows {
 public:
  void put(const std::vector<MeasureRow>& rows);
  /// Without a reference_layer: the one of the same name, or the only one. Cost: linear in the
  /// rows.
  std::optional<MeasureRow> find(const RowKey& key) const;
  std::vector<MeasureRow> all() const;

 private:
  /// Stream, layer, reference, its layer, measure.
  using Key = std::tuple<Stream, std::string, std::string, std::string, std::string>;

  mutable std::mutex mutex_;
  std::map<Key, MeasureRow> rows_;
};

}  // namespace livecca
