#include "compare/matched_layers.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "common/files/safetensors.hpp"
#include "inputs/held_mask.hpp"
#include "inputs/input_error.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

// Of an input's layers in a message: enough to see what is meant, in one line.
constexpr std::size_t most_layers_named = 4;

bool matches_any(const std::vector<std::string>& globs, const std::string& name) {
  return std::ranges::any_of(globs, [&](const std::string& glob) {
    return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  });
}

/// Applies --layers and --skip. Throws InputError if they leave nothing.
void choose_layers(NetworkInput& input, const CompareOptions& options) {
  if (!input.has_names() || (options.layers.empty() && options.skip.empty())) return;
  const std::vector<std::string> there = input.layers();
  input.keep_if([&](const std::string& layer) {
    return (options.layers.empty() || matches_any(options.layers, layer)) &&
           !matches_any(options.skip, layer);
  });
  if (!input.layers().empty()) return;
  throw InputError(std::string(options.layers.empty() ? "--skip" : "--layers") +
                   ": expected to leave some layers of " + input.path() + ", got none of " +
                   some_of(there, most_layers_named));
}

std::string reason_of(const NetworkInput& input, const std::string& layer) {
  const std::string unfit = input.unfit(layer);
  return unfit.empty() ? "" : input.path() + ": " + in_quotes(layer) + ": " + unfit;
}

/// Names of the layers that can be compared; the others go to `unfit`. Throws InputError, with the
/// first reason, if there is none.
std::vector<std::string> fit_layers(const NetworkInput& input, std::vector<UnfitLayer>& unfit) {
  std::vector<std::string> names;
  std::string first;
  for (const std::string& layer : input.layers()) {
    const std::string reason = reason_of(input, layer);
    if (reason.empty()) {
      names.push_back(layer);
      continue;
    }
    unfit.push_back({layer, reason});
    if (first.empty()) first = reason;
  }
  if (names.empty()) throw InputError(first);
  return names;
}

/// One layer an input, whatever its name.
MatchedLayers only_layers(const std::vector<NetworkInput>& inputs) {
  MatchedLayers matched;
  Layer& layer = matched.layers.emplace_back();
  const auto nameless =
      std::ranges::find_if(inputs, [](const NetworkInput& input) { return !input.has_names(); });
  for (const NetworkInput& input : inputs) {
    const std::vector<std::string> names = fit_layers(input, matched.left_out.unfit);
    if (names.size() != 1) {
      throw InputError(input.path() + ": expected one layer to compare with the one in " +
                       nameless->path() + ", got " + std::to_string(names.size()) + ": " +
                       some_of(names, most_layers_named) + "; see --layers");
    }
    layer.tensors.push_back(input.open(names.front()));
  }
  return matched;
}

bool is_in_all(const std::vector<NetworkInput>& inputs, const std::string& layer) {
  return std::ranges::all_of(inputs, [&](const auto& input) { return input.has(layer); });
}

bool have_something_in_common(const std::vector<NetworkInput>& inputs) {
  return std::ranges::any_of(inputs.front().layers(),
                             [&](const std::string& layer) { return is_in_all(inputs, layer); });
}

[[noreturn]] void nothing_in_common(const std::vector<NetworkInput>& inputs) {
  std::string got;
  for (std::size_t i = 0; i < std::min<std::size_t>(inputs.size(), 2); ++i) {
    got += (i == 0 ? "" : ", ") + inputs[i].path() + " with " +
           some_of(inputs[i].layers(), most_layers_named);
  }
  throw InputError("expected a layer of the same name in all inputs, got " + got +
                   (inputs.size() > 2 ? ", ..." : "") +
                   "; --all-layers compares layers of any names");
}

/// Layers of the same name. Throws InputError, with the first reason, if none of them is fit.
MatchedLayers same_names(const std::vector<NetworkInput>& inputs) {
  MatchedLayers matched;
  for (const NetworkInput& input : inputs) {
    Unmatched unmatched{input.path(), {}};
    std::ranges::copy_if(input.layers(), std::back_inserter(unmatched.layers),
                         [&](const std::string& layer) { return !is_in_all(inputs, layer); });
    if (unmatched.layers.empty()) continue;
    matched.left_out.unmatched.push_back(std::move(unmatched));
  }
  for (const std::string& name : inputs.front().layers()) {
    if (!is_in_all(inputs, name)) continue;
    std::string reason;
    for (const NetworkInput& input : inputs) {
      if (reason.empty()) reason = reason_of(input, name);
    }
    if (!reason.empty()) {
      matched.left_out.unfit.push_back({name, std::move(reason)});
      continue;
    }
    Layer& layer = matched.layers.emplace_back();
    layer.name = name;
    for (const NetworkInput& input : inputs) layer.tensors.push_back(input.open(name));
  }
  if (!matched.layers.empty()) return matched;
  if (matched.left_out.unfit.empty()) nothing_in_common(inputs);
  throw InputError(matched.left_out.unfit.front().reason);
}

}  // namespace

void keep_fit_layers(MatchedLayers& matched, const std::function<void(const Layer&)>& check) {
  std::string first;
  std::erase_if(matched.layers, [&](const Layer& layer) {
    try {
      check(layer);
      return false;
    } catch (const InputError& misfit) {
      matched.left_out.unfit.push_back({layer.name, misfit.what()});
      if (first.empty()) first = misfit.what();
      return true;
    }
  });
  if (matched.layers.empty()) throw InputError(first);
}

void expect_usable_options(std::span<const NetworkInput> inputs, const CompareOptions& options) {
  if (!options.mask.empty()) {
    static_cast<void>(HeldMask::from_file(options.mask, options.reading.layout));
  }
  if (options.layers.empty() && options.skip.empty()) return;
  if (std::ranges::any_of(inputs, &NetworkInput::has_names)) return;
  const bool chooses = !options.layers.empty();
  throw InputError(std::string(chooses ? "--layers" : "--skip") +
                   ": expected an input whose layers have names, such as .safetensors, got " +
                   inputs.front().path() + " for '" +
                   (chooses ? options.layers : options.skip).front() + "'");
}

MatchedLayers match_layers(const CompareOptions& options) {
  std::vector<NetworkInput> inputs;
  inputs.reserve(options.inputs.size());
  for (const std::string& path : options.inputs) inputs.emplace_back(path);
  expect_usable_options(inputs, options);
  const bool have_names = std::ranges::all_of(inputs, &NetworkInput::has_names);
  if (have_names && !have_something_in_common(inputs)) {
    for (NetworkInput& input : inputs) input.drop_file_names();
  }
  for (NetworkInput& input : inputs) choose_layers(input, options);
  return have_names ? same_names(inputs) : only_layers(inputs);
}

MatchedLayers all_layers(NetworkInput input, const CompareOptions& options) {
  choose_layers(input, options);
  MatchedLayers all;
  for (const std::string& name : fit_layers(input, all.left_out.unfit)) {
    const bool named = input.has_names();
    all.layers.push_back({named ? name : std::filesystem::path(input.path()).filename().string(),
                          {input.open(name)}});
  }
  return all;
}

}  // namespace livecca::tool
