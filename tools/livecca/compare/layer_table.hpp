#pragma once

#include <span>
#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/matched_layers.hpp"

namespace livecca::tool {

/// Several layers of two networks for people: a row a layer, ASCII but for the layers' own names.
/// `x` and `y` say what the networks are. All have the same measures.
std::string to_layer_table(std::span<const Comparison> layers, const std::string& x,
                           const std::string& y);

/// A line an input that has layers which others lack, and one for each layer that cannot be
/// compared; empty if there is none.
std::string left_out_text(const LeftOut& left_out);

/// "status NAME: what it means", a line each of these, the best first; nothing for "ok" alone.
std::string statuses_text(std::span<const Status> statuses);

}  // namespace livecca::tool
