#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "livecca/sinks/row.hpp"

namespace livecca {

/// The newest number of each kind. Thread safe.
class LatestRows {
 public:
  void put(const std::vector<MeasureRow>& rows);
  /// Without the name of a reference's layer: the one of the same name, or the only one. Cost:
  /// linear in the rows.
  std::optional<MeasureRow> find(std::string_view stream, std::string_view layer,
                                 std::string_view reference, std::string_view reference_layer,
                                 std::string_view measure) const;
  std::vector<MeasureRow> all() const;

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;

  mutable std::mutex mutex_;
  std::map<Key, MeasureRow> rows_;
};

}  // namespace livecca
