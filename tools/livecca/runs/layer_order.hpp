#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "runs/run_rows.hpp"

namespace livecca::tool {

/// The order of the trained network's layers in all tables of a run: that of watching, which the
/// run's description has. Without one, that of the rows. Other layers come behind, numbers in their
/// names by value: conv2 before conv10.
class LayerOrder {
 public:
  explicit LayerOrder(const RunRows& rows);

  bool operator()(const std::string& a, const std::string& b) const;

 private:
  void add(const std::string& layer) { place_of_.emplace(layer, place_of_.size()); }

  std::map<std::string, std::size_t> place_of_;
};

}  // namespace livecca::tool
