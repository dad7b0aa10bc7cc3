#include "compare/comparison.hpp"

#include <algorithm>
#include <charconv>

#include "livecca/common/executor.hpp"
#include "livecca/measures/frequency_mean.hpp"
#include "livecca/measures/standard_error.hpp"

namespace livecca::tool {
namespace {

constexpr const char* nameless_network = "compare";
constexpr const char* side_x = "x";
constexpr const char* side_y = "y";

std::string side_text(const MomentsNotes& notes, const char* side, const TapMoments& tap) {
  const auto note = notes.find(side);
  std::string text = note == notes.end() ? tap.name.text() : note->second;
  const std::size_t files = merged_files(notes);
  if (files > 1) text += ", and " + std::to_string(files - 1) + " more merged into it";
  return text;
}

/// Who is compared with whom: the layer, or the taps' names where there are several pairs.
void name_sides(const PanelMoments& moments, const MomentsNotes& notes, Comparison& result) {
  const TapMoments& x = moments.taps[moments.pairs[result.pair].x];
  const TapMoments& y = moments.taps[moments.pairs[result.pair].y];
  result.x = side_text(notes, side_x, x);
  result.y = side_text(notes, side_y, y);
  const std::string layer = layer_without_frequency(x);
  if (has_layers(moments)) {
    result.layer = layer;
  } else if (!notes.contains(side_x) || moments.pairs.size() > result.frequencies) {
    result.name_x = x.name.network + "/" + layer;
    result.name_y = y.name.network + "/" + layer_without_frequency(y);
    if (!notes.contains(side_x)) return;
    result.x += ", " + layer;
    result.y += ", " + layer_without_frequency(y);
  }
}

}  // namespace

std::vector<const MeasureInfo*> all_measures() {
  std::vector<const MeasureInfo*> all;
  for (const MeasureInfo& measure : measures()) all.push_back(&measure);
  return all;
}

MomentsNotes notes_of_sides(const std::string& x, const std::string& y) {
  return {{side_x, x}, {side_y, y}};
}

std::array<TapName, 2> names_of_sides(const std::string& layer) {
  if (layer.empty()) return {TapName{nameless_network, side_x}, {nameless_network, side_y}};
  return {TapName{side_x, layer}, {side_y, layer}};
}

bool has_layers(const PanelMoments& moments) {
  return std::ranges::all_of(moments.pairs, [&](const PairMoments& pair) {
    const TapName& x = moments.taps[pair.x].name;
    return names_of_sides(x.layer) == std::array{x, moments.taps[pair.y].name};
  });
}

std::size_t merged_files(const MomentsNotes& notes) {
  const auto note = notes.find("merged");
  std::size_t count = 0;
  if (note == notes.end()) return 1;
  const std::string& text = note->second;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::max<std::size_t>(1, count);
}

void set_merged_files(MomentsNotes& notes, std::size_t count) {
  notes["merged"] = std::to_string(count);
}

SolveOptions solve_options(const ResultOptions& options) {
  SolveOptions result = options.solve;
  result.quantities = needs_of(options.measures);
  // Wherever a side is whitened anyway, its condition number costs little beside.
  result.quantities.condition = result.quantities.needs_whitening();
  return result;
}

std::vector<Comparison> compare_moments(const PanelMoments& moments, const MomentsNotes& notes,
                                        const ResultOptions& options, Executor& executor) {
  const SolveOptions how = solve_options(options);
  const auto solution = std::make_shared<const PanelSolution>(solve(moments, how, executor));
  std::vector<std::vector<std::optional<double>>> errors;
  if (!moments.blocks.empty()) {
    errors = standard_errors(moments, *solution, how, options.measures, executor);
  }
  std::vector<Comparison> comparisons;
  for (const LayerPair& layers : layer_pairs(moments)) {
    Comparison result;
    result.pair = layers.pairs.front();
    result.frequencies = layers.pairs.size();
    name_sides(moments, notes, result);
    result.solution = solution;
    result.frequency_counts = count_frequencies(*solution, layers);
    result.facts = facts_of(*solution, layers);
    result.by_position = result.facts.effective_rows > result.facts.effective_samples;
    for (std::size_t m = 0; m < options.measures.size(); ++m) {
      result.results.push_back(evaluate(*solution, layers, *options.measures[m]));
      result.samples_needed.push_back(
          samples_needed(*solution, layers, result.results.back()));
      // Of a mean over frequencies none is known.
      if (errors.empty() || layers.is_of_frequencies()) continue;
      result.results.back().standard_error = errors[result.pair][m];
    }
    if (options.directions > 0 && !layers.is_of_frequencies()) {
      result.directions = canonical_directions(moments, result.pair, options.directions);
    }
    result.has_svcca = how.quantities.svcca;
    result.has_standard_errors = !errors.empty();
    result.faults = moments.faults;
    comparisons.push_back(std::move(result));
  }
  return comparisons;
}

}  // namespace livecca::tool
