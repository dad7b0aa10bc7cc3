#include "matrices/layer_matrix.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "compare/compare_output.hpp"
#include "compare/gather.hpp"
#include "compare/layer_table.hpp"
#include "compare/matched_layers.hpp"
#include "compare/stored_moments.hpp"
#include "livecca/common/executor.hpp"
#include "matrices/pair_matrix.hpp"
#include "text/output_text.hpp"

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
  LeftOut left_out;
};

/// Panels, and the entries that each one's pairs are.
struct MatrixPanels {
  std::vector<PanelInput> panels;
  std::vector<std::vector<std::size_t>> entries;
};

/// The layers of one side that fit the options. Throws InputError if there are none.
std::vector<FileTap> taps_of(const NetworkInput& input, std::size_t side,
                             const CompareOptions& options, LeftOut& left_out) {
  std::vector<FileTap> taps;
  MatchedLayers all = all_layers(input, options);
  keep_fit_layers(all, [&](const Layer& layer) {
    taps.push_back(tap_of(names_of_sides(layer.name)[side], layer.tensors.front(),
                          input.has_names(), options));
  });
  std::ranges::copy(all.left_out.unfit, std::back_inserter(left_out.unfit));
  return taps;
}

/// The number of images that most layers have; of several, the one that comes first.
std::size_t most_common_images(const std::vector<FileTap>& taps) {
  const auto count = [&](const FileTap& tap) {
    return std::ranges::count(taps, tap.shape.images,
                              [](const FileTap& other) { return other.shape.images; });
  };
  return std::ranges::max_element(taps, {}, count)->shape.images;
}

/// Leaves out layers of other images than most have, if each side keeps some; else nothing, and the
/// sides are refused together.
void leave_out_other_images(std::array<std::vector<FileTap>, 2>& sides, LeftOut& left_out) {
  std::vector<FileTap> all = sides[0];
  all.insert(all.end(), sides[1].begin(), sides[1].end());
  const std::size_t images = most_common_images(all);
  const auto is_other = [&](const FileTap& tap) { return tap.shape.images != images; };
  if (std::ranges::all_of(sides[0], is_other) || std::ranges::all_of(sides[1], is_other)) return;
  for (std::vector<FileTap>& side : sides) {
    for (const FileTap& tap : side) {
      if (!is_other(tap)) continue;
      left_out.unfit.push_back({tap.name.layer, tap.tensor->name() + ": expected " +
                                                    std::to_string(images) +
                                                    " samples as most layers have, got " +
                                                    std::to_string(tap.shape.images)});
    }
    std::erase_if(side, is_other);
  }
}

/// Each step of a sequence as a tap of its own, if the options say so.
std::vector<FileTap> by_step(const std::vector<FileTap>& layers, const CompareOptions& options) {
  std::vector<FileTap> taps;
  for (const FileTap& whole : layers) {
    const bool is_cut = options.each_step && is_sequence(whole.reading.layout);
    std::ranges::move(is_cut ? taps_of_steps(whole) : std::vector{whole}, std::back_inserter(taps));
  }
  return taps;
}

/// One panel, in which every tap is accumulated and whitened once. But behind a mask each pair of
/// steps has sequences of its own, those that reach both, and so a panel of its own.
MatrixPanels panels_of(const std::vector<FileTap>& rows, const std::vector<FileTap>& columns,
                       const CompareOptions& options) {
  MatrixPanels result;
  const bool apart = options.each_step && !options.mask.empty();
  PanelInput all;
  if (!apart) {
    all.taps = rows;
    all.taps.insert(all.taps.end(), columns.begin(), columns.end());
    result.entries.emplace_back();
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const std::size_t entry = i * columns.size() + j;
      if (apart) {
        result.panels.push_back({.taps = {rows[i], columns[j]}, .pairs = {{0, 1}}});
        result.entries.push_back({entry});
      } else {
        all.pairs.push_back({i, rows.size() + j});
        result.entries.back().push_back(entry);
      }
    }
  }
  if (!apart) result.panels.push_back(std::move(all));
  for (const PanelInput& panel : result.panels) {
    expect_same_images(panel);
    expect_memory(panel, options, 0);
  }
  return result;
}

void solve_entries(const PanelMoments& moments, const std::vector<std::size_t>& entries,
                   const CompareOptions& options, Executor& executor, LayerMatrix& layers) {
  const PanelSolution solution = solve(moments, solve_options(options), executor);
  const std::size_t columns = layers.matrix.columns();
  for (std::size_t pair = 0; pair < solution.pairs.size(); ++pair) {
    const MeasureResult value = evaluate(solution, pair, *options.measures.front());
    const std::size_t entry = entries[pair];
    layers.matrix.set(entry / columns, entry % columns, value);
    layers.facts[entry] = facts_of(solution, pair);
    layers.statuses[entry] = value.status;
  }
  layers.faults.insert(layers.faults.end(), moments.faults.begin(), moments.faults.end());
}

/// What `of` says of every entry, as lists of rows.
template <typename Of>
Json entries_json(const LayerMatrix& layers, const Of& of) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < layers.facts.size(); ++i) {
    if (i % layers.matrix.columns() == 0) rows.push_back(Json::array());
    rows.back().push_back(of(i));
  }
  return rows;
}

Json to_json(const LayerMatrix& layers) {
  const auto& facts = layers.facts;
  Json json{
      {"measure", layers.matrix.measure().name},
      {"direction", name_of(layers.matrix.direction())},
      {"rows", layers.labels.rows},
      {"columns", layers.labels.columns},
      {"values", values_json(layers.matrix)},
      {"noise_floor", floors_json(layers.matrix)},
      {"p_value", p_values_json(layers.matrix)},
      {"samples", entries_json(layers, [&](std::size_t i) { return facts[i].samples; })},
      {"effective_samples",
       entries_json(layers, [&](std::size_t i) { return count_json(facts[i].effective_samples); })},
      {"ranks", entries_json(layers, [&](std::size_t i) { return ranks_json(facts[i]); })},
      {"status", entries_json(layers, [&](std::size_t i) { return name_of(layers.statuses[i]); })}};
  add_left_out(layers.left_out, json);
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
  return text + statuses_text(layers.statuses) + left_out_text(layers.left_out);
}

}  // namespace

void compare_all_layers(const CompareOptions& options, bool json, std::ostream& out) {
  if (!options.save_moments.empty()) expect_writable(options.save_moments, options.inputs);
  CompareOptions chosen = options;
  chosen.measures = {options.first_asked == nullptr ? &measure_of_matrices() : options.first_asked};
  const std::vector<NetworkInput> inputs{NetworkInput(options.inputs[0]),
                                         NetworkInput(options.inputs[1])};
  expect_usable_options(inputs, chosen);
  LeftOut left_out;
  std::array sides{taps_of(inputs[0], 0, chosen, left_out),
                   taps_of(inputs[1], 1, chosen, left_out)};
  leave_out_other_images(sides, left_out);
  const std::vector<FileTap> rows = by_step(sides[0], chosen);
  const std::vector<FileTap> columns = by_step(sides[1], chosen);
  const MatrixPanels panels = panels_of(rows, columns, chosen);
  LayerMatrix layers{.labels = {.rows = {}, .columns = {}, .mark_best = true},
                     .matrix = PairMatrix(*chosen.measures.front(), rows.size(), columns.size()),
                     .facts = std::vector<PairFacts>(rows.size() * columns.size()),
                     .statuses = std::vector<Status>(rows.size() * columns.size()),
                     .faults = {},
                     .left_out = left_out};
  for (const FileTap& tap : rows) layers.labels.rows.push_back(tap.name.layer);
  for (const FileTap& tap : columns) layers.labels.columns.push_back(tap.name.layer);
  Executor executor;
  PanelMoments kept;
  for (std::size_t i = 0; i < panels.panels.size(); ++i) {
    PanelMoments moments = gather(panels.panels[i], chosen, executor);
    solve_entries(moments, panels.entries[i], chosen, executor, layers);
    if (!options.save_moments.empty()) append(kept, std::move(moments));
  }
  out << (json ? json_line(to_json(layers)) : to_table(layers, options)) << std::flush;
  if (!options.save_moments.empty()) {
    save(options.save_moments, kept, notes_of_sides(options.inputs[0], options.inputs[1]));
  }
}

}  // namespace livecca::tool
