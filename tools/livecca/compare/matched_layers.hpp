#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compare/compare_options.hpp"
#include "inputs/activation_tensor.hpp"
#include "inputs/network_input.hpp"

namespace livecca::tool {

/// A layer that every input has.
struct Layer {
  std::string name;                                        ///< empty where layers have none
  std::vector<std::shared_ptr<ActivationTensor>> tensors;  ///< one an input, in their order
};

/// Layers that an input has and another has not.
struct Unmatched {
  std::string input;  ///< its path
  std::vector<std::string> layers;
};

/// A layer that cannot be compared, because its tensors do not fit the options or each other.
struct UnfitLayer {
  std::string layer;
  std::string reason;  ///< with the file and the tensor
};

/// What is compared with nothing.
struct LeftOut {
  std::vector<Unmatched> unmatched;
  std::vector<UnfitLayer> unfit;
};

struct MatchedLayers {
  std::vector<Layer> layers;  ///< in the order of the first input
  LeftOut left_out;
};

/// Matches layers of the inputs by name, those of --layers and --skip. Where an input has a layer
/// without a name (.npy), every input must have just one. Where no name is in all inputs, folders
/// leave out the names of their files. Throws InputError if an input cannot be opened, or if no
/// layer is left to compare.
MatchedLayers match_layers(const CompareOptions& options);

/// Keeps the layers of which `check` throws no InputError. The others are left out, with the
/// error's words as their reason. Throws InputError, with the first reason, if no layer is left.
void keep_fit_layers(MatchedLayers& matched, const std::function<void(const Layer&)>& check);

/// Refuses --layers and --skip where no input has names that they could match, and a mask that
/// cannot be read, which is no single layer's fault. Throws InputError.
void expect_usable_options(std::span<const NetworkInput> inputs, const CompareOptions& options);

/// All layers of an input, likewise, under names to show: a layer without one is called after its
/// file.
MatchedLayers all_layers(NetworkInput input, const CompareOptions& options);

}  // namespace livecca::tool
