#pragma once

#include <cstddef>
#include <string>

#include "comparison.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/moments/precision.hpp"
#include "npy_header.hpp"

namespace livecca::tool {

struct CompareOptions : ResultOptions {
  std::string x;  ///< paths of .npy files
  std::string y;
  Layout layout = Layout::nc;
  Positions positions;
  std::size_t batch = 1024;  ///< images a step, fewer where they are large
  Precision precision = Precision::exact;
  std::size_t error_blocks = 0;  ///< parts that standard errors are made from; 0: none
  std::size_t max_features = 0;  ///< 0: all
  std::string save_moments;      ///< a path; empty: not kept
};

/// Moments of two files, and what they are.
struct GatheredMoments {
  PanelMoments moments;
  MomentsNotes notes;
};

/// Streams two files through a panel. Memory: O(features²) and one batch; pages of the files are
/// given back as it goes. Throws InputError, with a one-line message, where the files do not fit
/// the layout or each other.
GatheredMoments gather(const CompareOptions& options, Executor& executor);

/// gather() and compare_moments(); conditions of the data are a status of the result.
Comparison compare(const CompareOptions& options);

}  // namespace livecca::tool
