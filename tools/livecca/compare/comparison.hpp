#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "livecca/measures/frequency_mean.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/moments/panel_moments.hpp"
#include "livecca/snapshot/canonical_directions.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca::tool {

/// What is computed from moments, wherever they come from.
struct ResultOptions {
  /// In the registry's order. What they do not need is not solved for.
  std::vector<const MeasureInfo*> measures;
  /// The first that was asked for by name; null if `measures` are those that nobody chose.
  const MeasureInfo* first_asked = nullptr;
  SolveOptions solve;
  std::size_t directions = 0;  ///< leading canonical directions to find of every pair
};

/// One pair's numbers, and all that is printed with them.
struct Comparison {
  std::string x;  ///< what the sides are, for people
  std::string y;
  std::string layer;   ///< where x and y are one layer of two networks; empty if it has no name
  std::string name_x;  ///< the taps' names, where there are other pairs to tell apart
  std::string name_y;
  bool by_position = false;                       ///< samples are positions of images
  std::shared_ptr<const PanelSolution> solution;  ///< of all pairs
  std::size_t pair = 0;                           ///< in the solution; of frequencies the first
  std::size_t frequencies = 1;                    ///< that the numbers are means over
  FrequencyCounts frequency_counts;               ///< if there are several
  PairFacts facts;
  std::vector<MeasureResult> results;                 ///< one a measure asked for
  std::vector<std::optional<double>> samples_needed;  ///< see the function; likewise
  std::optional<CanonicalDirections> directions;
  bool has_svcca = false;
  bool has_standard_errors = false;
  std::vector<Fault> faults;

  const PairSolution& pair_solution() const { return solution->pairs[pair]; }
};

/// Every measure of the registry.
std::vector<const MeasureInfo*> all_measures();

/// How a window is solved for the measures asked for.
SolveOptions solve_options(const ResultOptions& options);

/// What the two sides' taps are called, of a layer with a name: solve then knows it again.
std::array<TapName, 2> names_of_sides(const std::string& layer);

/// Whether every pair of a window is one layer of x with the same of y, by names_of_sides().
bool has_layers(const PanelMoments& moments);

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
