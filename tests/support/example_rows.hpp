#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "livecca/sinks/row.hpp"

namespace livecca_tests {

/// A row on a layer against one of the network "seed7": of a measure, a drift or a verdict.
template <typename Row>
Row row_of_pair(const std::string& layer, const std::string& reference_layer) {
  Row row;
  row.layer = layer;
  row.reference = "seed7";
  row.reference_layer = reference_layer;
  row.measure = "pwcca_distance";
  return row;
}

/// A number of the probe stream.
inline livecca::MeasureRow number_of(const std::string& layer, const std::string& reference_layer,
                                     std::optional<double> value) {
  auto row = row_of_pair<livecca::MeasureRow>(layer, reference_layer);
  row.direction = livecca::Direction::distance;
  row.value = value;
  return row;
}

/// Of the layer "conv1" against its namesake, at an epoch.
inline livecca::MeasureRow number_at(std::int64_t epoch, std::optional<double> value) {
  livecca::MeasureRow row = number_of("conv1", "conv1", value);
  row.epoch = epoch;
  return row;
}

/// A layer of the trained network on 1000 samples, none of whose neurons is dead.
inline livecca::LayerRow layer_row(const std::string& layer, std::size_t features,
                                   double root_mean_square) {
  livecca::LayerRow row;
  row.network = "net";
  row.layer = layer;
  row.features = features;
  row.rank = features;
  row.root_mean_square = root_mean_square;
  row.samples = 1000;
  row.effective_samples = 1000;
  return row;
}

}  // namespace livecca_tests
