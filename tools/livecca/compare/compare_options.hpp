#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "inputs/held_mask.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/moments/precision.hpp"

namespace livecca::tool {

struct CompareOptions : ResultOptions {
  std::vector<std::string> inputs;  ///< .npy, .safetensors, or folders of the latter
  std::string groups;               ///< a .json that says which input is in which group; or empty
  std::vector<std::string> layers;  ///< globs: only layers that match one are compared; empty: all
  std::vector<std::string> skip;    ///< globs: layers that match one are not compared
  bool all_layers = false;          ///< every layer of the one input with every layer of the other
  Reading reading = Layout::nc;     ///< of tensors that are neither recorded rows nor matrices
  bool fourier = false;             ///< compare at each frequency over the positions
  bool each_step = false;           ///< compare at each step of the sequences
  std::string mask;                 ///< a .npy file: which steps are valid; or empty
  std::shared_ptr<const HeldMask> held_mask;  ///< the same, read already; or null
  Positions positions;
  std::size_t batch = 1024;  ///< images a step, fewer where they are large
  Precision precision = Precision::exact;
  std::size_t error_blocks = 0;  ///< parts that standard errors are made from; 0: none
  std::size_t max_features = 0;  ///< 0: all
  std::string save_moments;      ///< a path; empty: not kept
  std::string bands;             ///< a path for the groups' reference bands; empty: not written
};

}  // namespace livecca::tool
