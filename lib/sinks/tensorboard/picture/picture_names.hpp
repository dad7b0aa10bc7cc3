#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace livecca {

/// Cut in the middle: layers differ at their ends.
std::string shortened(const std::string& name, std::size_t longest);

/// The names of layers beside a picture's rows, of at most `longest` characters of its font: a byte
/// each, as that has ASCII only. Long names often begin and end alike, so
/// that is what goes first.
std::vector<std::string> picture_names(std::vector<std::string> names, std::size_t longest);

}  // namespace livecca
