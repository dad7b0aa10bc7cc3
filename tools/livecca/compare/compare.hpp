#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "compare/compare_options.hpp"
#include "compare/gather.hpp"
#include "compare/matched_layers.hpp"

namespace livecca::tool {

/// Two inputs with their layers matched: every layer of x with the one of the same name of y.
class PairOfInputs {
 public:
  /// Opens both and checks every layer, before anything is computed. A layer that does not fit the
  /// options or its other side is left out. Throws InputError, with a one-line message, if none is
  /// left.
  explicit PairOfInputs(const CompareOptions& options);

  std::size_t layers() const { return panels_.size(); }
  const LeftOut& left_out() const { return matched_.left_out; }

  /// Streams one layer's two files. Memory: O(features²) and one batch.
  PanelMoments gather(std::size_t layer, const CompareOptions& options, Executor& executor) const;
  /// What the sides of a layer are.
  MomentsNotes notes(std::size_t layer) const;
  /// What all layers come from.
  MomentsNotes notes() const;

 private:
  std::vector<std::string> paths_;
  MatchedLayers matched_;
  std::vector<PanelInput> panels_;
};

/// Compares every layer, one after the other, and prints a table, or as JSON one object a layer as
/// soon as it is there. Conditions of the data are a status of the result. Throws InputError.
void compare_layers(const CompareOptions& options, bool json, std::ostream& out);

/// Compares two arrays of the same images: one result, or with options.each_step one a step. What
/// options say of files does not matter. Throws InputError.
std::vector<Comparison> compare_tensors(
    const std::array<std::shared_ptr<ActivationTensor>, 2>& tensors, const CompareOptions& options);

/// The first layer alone.
Comparison compare(const CompareOptions& options);

}  // namespace livecca::tool
