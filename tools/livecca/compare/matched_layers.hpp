#pragma once

#include <memory>
#include <string>
#include <vector>

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

struct MatchedLayers {
  std::vector<Layer> layers;  ///< in the order of the first input
  std::vector<Unmatched> unmatched;
};

/// Opens files and folders, in their order. Throws InputError.
std::vector<NetworkInput> open_inputs(const std::vector<std::string>& paths);

/// Matches layers by name. Where an input has a layer without a name (.npy), every input must have
/// just one. Throws InputError if nothing matches, or if a tensor that does cannot be activations.
MatchedLayers match_layers(const std::vector<NetworkInput>& inputs);

/// All layers of an input under names to show: a layer without one is called after its file.
std::vector<Layer> all_layers(const NetworkInput& input);

}  // namespace livecca::tool
