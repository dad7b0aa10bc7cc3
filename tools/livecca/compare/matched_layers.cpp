#include "compare/matched_layers.hpp"

#include <algorithm>
#include <filesystem>

#include "inputs/input_error.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

// Of an input's layers in a message: enough to see what is meant, in one line.
constexpr std::size_t most_layers_named = 4;

/// One layer an input, whatever its name.
Layer only_layers(const std::vector<NetworkInput>& inputs) {
  Layer layer;
  const auto nameless =
      std::ranges::find_if(inputs, [](const NetworkInput& input) { return !input.has_names(); });
  for (const NetworkInput& input : inputs) {
    if (input.layers().size() != 1) {
      throw InputError(input.path() + ": expected one layer to compare with the one in " +
                       nameless->path() + ", got " + std::to_string(input.layers().size()) + ": " +
                       some_of(input.layers(), most_layers_named));
    }
    layer.tensors.push_back(input.open(input.layers().front()));
  }
  return layer;
}

[[noreturn]] void nothing_in_common(const std::vector<NetworkInput>& inputs) {
  std::string got;
  for (std::size_t i = 0; i < std::min<std::size_t>(inputs.size(), 2); ++i) {
    got += (i == 0 ? "" : ", ") + inputs[i].path() + " with " +
           some_of(inputs[i].layers(), most_layers_named);
  }
  throw InputError("expected a layer of the same name in all inputs, got " + got +
                   (inputs.size() > 2 ? ", ..." : ""));
}

}  // namespace

std::vector<NetworkInput> open_inputs(const std::vector<std::string>& paths) {
  std::vector<NetworkInput> inputs;
  inputs.reserve(paths.size());
  for (const std::string& path : paths) inputs.emplace_back(path);
  return inputs;
}

MatchedLayers match_layers(const std::vector<NetworkInput>& inputs) {
  MatchedLayers matched;
  if (!std::ranges::all_of(inputs, &NetworkInput::has_names)) {
    matched.layers.push_back(only_layers(inputs));
    return matched;
  }
  const auto in_all = [&](const std::string& layer) {
    return std::ranges::all_of(inputs, [&](const auto& input) { return input.has(layer); });
  };
  for (const NetworkInput& input : inputs) {
    Unmatched unmatched{input.path(), {}};
    std::ranges::copy_if(input.layers(), std::back_inserter(unmatched.layers),
                         [&](const std::string& layer) { return !in_all(layer); });
    if (!unmatched.layers.empty()) matched.unmatched.push_back(std::move(unmatched));
  }
  for (const std::string& name : inputs.front().layers()) {
    if (!in_all(name)) continue;
    Layer& layer = matched.layers.emplace_back();
    layer.name = name;
    for (const NetworkInput& input : inputs) layer.tensors.push_back(input.open(name));
  }
  if (matched.layers.empty()) nothing_in_common(inputs);
  return matched;
}

std::vector<Layer> all_layers(const NetworkInput& input) {
  std::vector<Layer> layers;
  for (const std::string& name : input.layers()) {
    const bool named = input.has_names();
    layers.push_back({named ? name : std::filesystem::path(input.path()).filename().string(),
                      {input.open(name)}});
  }
  return layers;
}

}  // namespace livecca::tool
