#include "layer_matrix.hpp"

#include <algorithm>

#include "compare_output.hpp"
#include "gather.hpp"
#include "layer_table.hpp"
#include "livecca/common/executor.hpp"
#include "matched_layers.hpp"
#include "output_text.hpp"
#include "pair_matrix.hpp"
#include "stored_moments.hpp"

namespace livecca::tool {
namespace {

using Json = nlohmann::ordered_json;

/// All layers of two inputs, and what became of every layer with every other.
struct LayerMatrix {
  MatrixLabels labels;
  PairMatrix matrix;
  std::vector<PairFacts> facts;  ///< of all entries, row by row
  std::vector<Status> statuses;  ///< of the measure, likewise
  std::vector<Fault> faults;
};

PanelInput panel_of(const std::vector<NetworkInput>& inputs, const CompareOptions& options,
                    MatrixLabels& labels) {
  PanelInput panel;
  for (std::size_t side = 0; side < 2; ++side) {
    std::vector<std::string>& names = side == 0 ? labels.rows : labels.columns;
    for (const Layer& layer : all_layers(inputs[side])) {
      const FileTap whole = tap_of(names_of_sides(layer.name)[side], layer.tensors.front(),
                                   inputs[side].has_names(), options);
      const bool by_step = options.each_step && is_sequence(whole.reading.layout);
      for (FileTap& tap : by_step ? taps_of_steps(whole) : std::vector{whole}) {
        names.push_back(tap.name.layer);
        panel.taps.push_back(std::move(tap));
      }
    }
  }
  const std::size_t rows = labels.rows.size();
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < labels.columns.size(); ++j) panel.pairs.push_back({i, rows + j});
  }
  expect_same_images(panel);
  expect_memory(panel, options, 0);
  return panel;
}

LayerMatrix solve_matrix(const PanelMoments& moments, MatrixLabels labels,
                         const CompareOptions& options, Executor& executor) {
  const PanelSolution solution = solve(moments, solve_options(options), executor);
  const std::size_t columns = labels.columns.size();
  LayerMatrix result{
      std::move(labels),
      PairMatrix(*options.measures.front(), solution.pairs.size() / columns, columns),
      {},
      {},
      moments.faults};
  for (std::size_t pair = 0; pair < solution.pairs.size(); ++pair) {
    const MeasureResult value = evaluate(solution, pair, *options.measures.front());
    result.matrix.set(pair / columns, pair % columns, value);
    result.facts.push_back(facts_of(solution, pair));
    result.statuses.push_back(value.status);
  }
  return result;
}

Json to_json(const LayerMatrix& layers) {
  const std::size_t columns = layers.labels.columns.size();
  Json json{{"measure", layers.matrix.measure().name},
            {"direction", name_of(layers.matrix.direction())},
            {"rows", layers.labels.rows},
            {"columns", layers.labels.columns},
            {"values", values_json(layers.matrix)},
            {"noise_floor", floors_json(layers.matrix)},
            {"status", Json::array()}};
  for (std::size_t i = 0; i < layers.statuses.size(); ++i) {
    if (i % columns == 0) json["status"].push_back(Json::array());
    json["status"].back().push_back(name_of(layers.statuses[i]));
  }
  return json;
}

std::string samples_text(const std::vector<PairFacts>& facts) {
  const auto [fewest, most] = std::ranges::minmax(facts, {}, &PairFacts::samples);
  const std::string text = std::to_string(fewest.samples);
  return fewest.samples == most.samples ? text : text + " to " + std::to_string(most.samples);
}

std::string to_table(const LayerMatrix& layers, const CompareOptions& options) {
  MatrixLabels labels = layers.labels;
  for (std::string& name : labels.rows) name = shown_name(name);
  for (std::string& name : labels.columns) name = shown_name(name);
  std::string text = "rows     " + options.inputs[0] + "\ncolumns  " + options.inputs[1] +
                     "\nsamples  " + samples_text(layers.facts) + "\n\n" +
                     to_text(layers.matrix, labels) + "\n" + marks_text(layers.matrix, labels);
  for (const Fault& fault : layers.faults) {
    text += "note: " + shown_name(fault.subject) + ": " + fault.message + "\n";
  }
  return text + statuses_text(layers.statuses);
}

}  // namespace

void compare_all_layers(const CompareOptions& options, bool json, std::ostream& out) {
  if (!options.save_moments.empty()) expect_writable(options.save_moments, options.inputs);
  CompareOptions chosen = options;
  chosen.measures = {options.first_asked == nullptr ? &measure_of_matrices() : options.first_asked};
  MatrixLabels labels{.rows = {}, .columns = {}, .mark_best = true};
  const std::vector<NetworkInput> inputs = open_inputs(options.inputs);
  const PanelInput panel = panel_of(inputs, chosen, labels);
  Executor executor;
  const PanelMoments moments = gather(panel, chosen, executor);
  const LayerMatrix layers = solve_matrix(moments, std::move(labels), chosen, executor);
  out << (json ? json_line(to_json(layers)) : to_table(layers, options)) << std::flush;
  if (!options.save_moments.empty()) {
    save(options.save_moments, moments, notes_of_sides(options.inputs[0], options.inputs[1]));
  }
}

}  // namespace livecca::tool
