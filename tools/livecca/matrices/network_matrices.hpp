#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/matched_layers.hpp"
#include "inputs/group_file.hpp"
#include "livecca/measures/group_means.hpp"
#include "matrices/pair_matrix.hpp"

namespace livecca::tool {

/// Who is compared.
struct Networks {
  std::vector<std::string> paths;
  std::optional<Groups> groups;
  LeftOut left_out;
};

/// Every network with every other, at one layer.
struct NetworkMatrices {
  /// One measure: the matrix, and its means over groups, if there are any.
  struct OfMeasure {
    PairMatrix matrix;
    std::optional<GroupMeans> means;
  };

  std::string layer;  ///< empty if it has no name
  std::vector<OfMeasure> measures;
  std::vector<std::optional<Status>> statuses;  ///< of pairs, row by row; empty on the diagonal
  std::vector<PairFacts> facts;                 ///< one a pair
  std::vector<Fault> faults;
};

/// Solves a layer's moments, whose pairs are the upper triangle of the networks. The row's network
/// is x: below the diagonal stands the number above it, or where a measure tells the sides apart
/// that of MeasureInfo::swapped. Means over groups take every pair once, from above the diagonal.
NetworkMatrices network_matrices(const PanelMoments& moments, const std::string& layer,
                                 const Networks& networks, const ResultOptions& options,
                                 Executor& executor);

}  // namespace livecca::tool
