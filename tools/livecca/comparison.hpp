#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/moments/panel_moments.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca::tool {

/// What is computed from moments, wherever they come from.
struct ResultOptions {
  /// In the registry's order. What they do not need is not solved for.
  std::vector<const MeasureInfo*> measures;
  SolveOptions solve;
};

/// One pair's numbers, and all that is printed with them.
struct Comparison {
  std::string x;  ///< what the sides are, for people
  std::string y;
  std::string name_x;  ///< the taps' names, where there are pairs to tell apart
  std::string name_y;
  bool by_position = false;  ///< samples are positions of images
  PanelSolution solution;
  std::size_t pair = 0;  ///< in the solution
  PairFacts facts;
  std::vector<MeasureResult> results;  ///< one a measure asked for
  bool has_svcca = false;
  bool has_standard_errors = false;
  std::vector<Fault> faults;

  const PairSolution& pair_solution() const { return solution.pairs[pair]; }
};

/// Every measure of the registry.
std::vector<const MeasureInfo*> all_measures();

/// Solves every pair of a window. `notes` say what the sides are (see notes_of_sides()); without
/// them they are called by their taps' names.
std::vector<Comparison> compare_moments(const PanelMoments& moments, const MomentsNotes& notes,
                                        const ResultOptions& options, Executor& executor);

/// What a file of moments keeps of where they come from.
MomentsNotes notes_of_sides(const std::string& x, const std::string& y);

/// How many files' moments are in these; 1 if they were never merged.
std::size_t merged_files(const MomentsNotes& notes);
void set_merged_files(MomentsNotes& notes, std::size_t count);

}  // namespace livecca::tool
