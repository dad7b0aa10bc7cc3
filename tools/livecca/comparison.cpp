#include "comparison.hpp"

#include <algorithm>
#include <charconv>

#include "livecca/common/executor.hpp"
#include "livecca/measures/standard_error.hpp"

namespace livecca::tool {
namespace {

std::string side_text(const MomentsNotes& notes, const char* side, const TapMoments& tap) {
  const auto note = notes.find(side);
  std::string text = note == notes.end() ? tap.name.text() : note->second;
  const std::size_t files = merged_files(notes);
  if (files > 1) text += ", and " + std::to_string(files - 1) + " more merged into it";
  return text;
}

}  // namespace

std::vector<const MeasureInfo*> all_measures() {
  std::vector<const MeasureInfo*> all;
  for (const MeasureInfo& measure : measures()) all.push_back(&measure);
  return all;
}

MomentsNotes notes_of_sides(const std::string& x, const std::string& y) {
  return {{"x", x}, {"y", y}};
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

std::vector<Comparison> compare_moments(const PanelMoments& moments, const MomentsNotes& notes,
                                        const ResultOptions& options, Executor& executor) {
  SolveOptions solve_options = options.solve;
  solve_options.quantities = needs_of(options.measures);
  // Wherever a side is whitened anyway, its condition number costs little beside.
  solve_options.quantities.condition = solve_options.quantities.needs_whitening();
  const PanelSolution solution = solve(moments, solve_options, executor);
  std::vector<std::vector<std::optional<double>>> errors;
  if (!moments.blocks.empty()) {
    errors = standard_errors(moments, solution, solve_options, options.measures, executor);
  }
  std::vector<Comparison> comparisons;
  for (std::size_t pair = 0; pair < moments.pairs.size(); ++pair) {
    const TapMoments& x = moments.taps[moments.pairs[pair].x];
    const TapMoments& y = moments.taps[moments.pairs[pair].y];
    Comparison result;
    result.x = side_text(notes, "x", x);
    result.y = side_text(notes, "y", y);
    if (!notes.contains("x")) {
      result.name_x = x.name.text();
      result.name_y = y.name.text();
    }
    result.by_position = x.grid.size() > 1;
    result.solution = solution;
    result.pair = pair;
    result.facts = facts_of(solution, pair);
    for (std::size_t m = 0; m < options.measures.size(); ++m) {
      result.results.push_back(evaluate(solution, pair, *options.measures[m]));
      if (!errors.empty()) result.results.back().standard_error = errors[pair][m];
    }
    result.has_svcca = solve_options.quantities.svcca;
    result.has_standard_errors = !errors.empty();
    result.faults = moments.faults;
    comparisons.push_back(std::move(result));
  }
  return comparisons;
}

}  // namespace livecca::tool
