#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "livecca/common/result.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// The part of a moments file that is not numbers in bulk: names, grids, weights, counts and
/// faults, as JSON. Text that is not UTF-8 makes it throw std::exception.
std::string facts_to_json(const PanelMoments& moments);

/// The features of the moments of that name, "taps.3." or "blocks.0.pairs.1.": {x, y}, equal for a
/// tap. Nothing if the file holds none of that name.
using FeaturesOf =
    std::function<std::optional<std::pair<std::size_t, std::size_t>>(const std::string& name)>;

/// The reverse: moments of the right sizes, their numbers still zero. Fails if the text is not what
/// facts_to_json() gives, or does not agree with the tensors there are.
Result<PanelMoments> facts_from_json(const std::string& text, const FeaturesOf& features_of);

}  // namespace livecca
