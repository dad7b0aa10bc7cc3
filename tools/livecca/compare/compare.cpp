#include "compare/compare.hpp"

#include <algorithm>
#include <iterator>

#include "compare/compare_output.hpp"
#include "compare/layer_table.hpp"
#include "compare/measure_values.hpp"
#include "compare/stored_moments.hpp"

namespace livecca::tool {
namespace {

std::string side_text(const ActivationTensor& tensor) {
  return tensor.name() + "  " + shape_text(tensor.shape()) + " " + tensor.element_text();
}

/// A panel a layer, or one for each step of it.
std::vector<PanelInput> panels_of(const Layer& layer, const CompareOptions& options) {
  const bool by_step = options.each_step;
  const auto names = names_of_sides(layer.name.empty() && by_step ? "step" : layer.name);
  PanelInput whole;
  whole.pairs = {{0, 1}};
  for (std::size_t side = 0; side < 2; ++side) {
    whole.taps.push_back(tap_of(names[side], layer.tensors[side], !layer.name.empty(), options));
  }
  expect_same_images(whole);
  expect_same_positions(whole, options);
  if (!by_step || !is_sequence(whole.taps[0].reading.layout)) return {whole};
  const std::vector<FileTap> x = taps_of_steps(whole.taps[0]);
  const std::vector<FileTap> y = taps_of_steps(whole.taps[1]);
  std::vector<PanelInput> panels;
  for (std::size_t step = 0; step < x.size(); ++step) {
    panels.push_back({.taps = {x[step], y[step]}, .pairs = {{0, 1}}});
  }
  return panels;
}

}  // namespace

PairOfInputs::PairOfInputs(const CompareOptions& options) : paths_(options.inputs) {
  matched_ = match_layers(options);
  double kept = 0;
  keep_fit_layers(matched_, [&](const Layer& layer) {
    std::vector<PanelInput> panels = panels_of(layer, options);
    double of_layer = 0;
    for (const PanelInput& panel : panels) {
      const double bytes = expect_memory(panel, options, kept + of_layer);
      expect_images_for_blocks(panel, options);
      if (!options.save_moments.empty()) of_layer += bytes;
    }
    kept += of_layer;
    std::ranges::move(panels, std::back_inserter(panels_));
  });
}

PanelMoments PairOfInputs::gather(std::size_t layer, const CompareOptions& options,
                                  Executor& executor) const {
  return tool::gather(panels_[layer], options, executor);
}

MomentsNotes PairOfInputs::notes(std::size_t layer) const {
  const auto& taps = panels_[layer].taps;
  return notes_of_sides(side_text(*taps[0].tensor), side_text(*taps[1].tensor));
}

MomentsNotes PairOfInputs::notes() const {
  return layers() == 1 ? notes(0) : notes_of_sides(paths_[0], paths_[1]);
}

void compare_layers(const CompareOptions& options, bool json, std::ostream& out) {
  if (!options.save_moments.empty()) expect_writable(options.save_moments, options.inputs);
  const PairOfInputs inputs(options);
  CompareOptions chosen = options;
  const bool as_rows = !json && inputs.layers() > 1;
  if (as_rows && options.first_asked == nullptr) chosen.measures = measures_of_rows();
  Executor executor;
  PanelMoments kept;
  std::vector<Comparison> rows;
  for (std::size_t layer = 0; layer < inputs.layers(); ++layer) {
    PanelMoments moments = inputs.gather(layer, chosen, executor);
    Comparison result = compare_moments(moments, inputs.notes(layer), chosen, executor).front();
    if (!chosen.save_moments.empty()) append(kept, std::move(moments));
    if (json) {
      out << json_line(to_json(result, inputs.left_out())) << std::flush;
    } else if (as_rows) {
      rows.push_back(std::move(result));
    } else {
      out << to_table(result) << left_out_text(inputs.left_out()) << std::flush;
    }
  }
  if (as_rows) {
    out << to_layer_table(rows, options.inputs[0], options.inputs[1])
        << left_out_text(inputs.left_out()) << std::flush;
  }
  // Last: a disk that is full should not cost the numbers.
  if (!chosen.save_moments.empty()) save(chosen.save_moments, kept, inputs.notes());
}

std::vector<Comparison> compare_tensors(
    const std::array<std::shared_ptr<ActivationTensor>, 2>& tensors,
    const CompareOptions& options) {
  const MomentsNotes notes = notes_of_sides(side_text(*tensors[0]), side_text(*tensors[1]));
  Executor executor;
  std::vector<Comparison> comparisons;
  for (const PanelInput& panel :
       panels_of({.name = "", .tensors = {tensors[0], tensors[1]}}, options)) {
    expect_memory(panel, options, 0);
    expect_images_for_blocks(panel, options);
    const PanelMoments moments = gather(panel, options, executor);
    comparisons.push_back(compare_moments(moments, notes, options, executor).front());
  }
  return comparisons;
}

Comparison compare(const CompareOptions& options) {
  Executor executor;
  const PairOfInputs inputs(options);
  return compare_moments(inputs.gather(0, options, executor), inputs.notes(0), options, executor)
      .front();
}

}  // namespace livecca::tool
