#include "matrices/networks.hpp"

#include "compare/compare_output.hpp"
#include "compare/gather.hpp"
#include "compare/matched_layers.hpp"
#include "compare/stored_moments.hpp"
#include "inputs/group_file.hpp"
#include "inputs/input_error.hpp"
#include "livecca/common/executor.hpp"
#include "matrices/network_matrices.hpp"
#include "matrices/networks_output.hpp"
#include "matrices/reference_bands.hpp"

namespace livecca::tool {
namespace {

/// Taps are the networks, in their order; pairs the upper triangle, row by row.
PanelInput panel_of(const Layer& layer, const CompareOptions& options) {
  PanelInput panel;
  for (std::size_t i = 0; i < layer.tensors.size(); ++i) {
    panel.taps.push_back(tap_of({std::to_string(i + 1), layer.name}, layer.tensors[i],
                                !layer.name.empty(), options));
    for (std::size_t j = i + 1; j < layer.tensors.size(); ++j) panel.pairs.push_back({i, j});
  }
  expect_same_images(panel);
  expect_same_positions(panel, options);
  expect_memory(panel, options, 0);
  return panel;
}

}  // namespace

void compare_networks(const CompareOptions& options, bool json, std::ostream& out) {
  CompareOptions chosen = options;
  Networks networks;
  if (!options.groups.empty()) networks.groups = read_groups(options.groups, chosen.inputs);
  networks.paths = chosen.inputs;
  if (!options.bands.empty()) {
    std::vector<std::string> read = chosen.inputs;
    read.push_back(options.groups);
    expect_writable(options.bands, read);
  }
  if (networks.paths.size() < 2) {
    throw InputError(options.groups + ": expected two inputs or more, got " +
                     std::to_string(networks.paths.size()));
  }
  if (!json && options.first_asked == nullptr) chosen.measures = {&measure_of_matrices()};
  MatchedLayers matched = match_layers(chosen);
  std::vector<PanelInput> panels;
  keep_fit_layers(matched, [&](const Layer& layer) { panels.push_back(panel_of(layer, chosen)); });
  networks.left_out = matched.left_out;
  Executor executor;
  if (!json) out << heading_text(networks) << std::flush;
  std::vector<NetworkMatrices> layers;
  for (std::size_t layer = 0; layer < panels.size(); ++layer) {
    const PanelMoments moments = gather(panels[layer], chosen, executor);
    layers.push_back(
        network_matrices(moments, matched.layers[layer].name, networks, chosen, executor));
    out << (json ? json_line(to_json(layers.back(), networks)) : to_table(layers.back(), networks))
        << std::flush;
  }
  if (!json) out << closing_text(layers, networks) << std::flush;
  // Last: a disk that is full should not cost the numbers.
  if (!options.bands.empty()) write_bands(options.bands, layers, networks);
}

}  // namespace livecca::tool
