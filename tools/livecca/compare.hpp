#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/layout.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/snapshot/solve.hpp"
#include "npy_header.hpp"

namespace livecca::tool {

struct CompareOptions {
  std::string x;  ///< paths of .npy files
  std::string y;
  Layout layout = Layout::nc;
  Positions positions;
  std::size_t batch = 1024;  ///< images a step, fewer where they are large
  /// What to compute, in the registry's order. Without "svcca" its solve is left out.
  std::vector<const MeasureInfo*> measures;
  SolveOptions solve;
};

/// One file as it came.
struct ComparedFile {
  std::string path;
  std::string dtype;  ///< as in the file's header
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

struct Comparison {
  ComparedFile x;
  ComparedFile y;
  Layout layout = Layout::nc;
  PanelSolution solution;  ///< of one pair
  PairFacts facts;
  std::vector<MeasureResult> results;  ///< one a measure asked for
  std::optional<double> mean_cca_floor;
  bool has_svcca = false;
};

/// Every measure of the registry.
std::vector<const MeasureInfo*> all_measures();

/// Streams two files through a panel and solves it. Memory: O(features²) and one batch; pages of
/// the files are given back as it goes. Throws InputError, with a one-line message, where the files
/// do not fit the layout or each other; conditions of the data are a status of the result.
Comparison compare(const CompareOptions& options);

}  // namespace livecca::tool
