#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/files/safetensors.hpp"
#include "livecca/moments/panel_moments.hpp"

namespace livecca {

/// One tensor of a moments file and the memory that it is written from or read into: row after row,
/// as the file holds them.
struct MomentsTensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::size_t rows;
  std::size_t row_numbers;
  std::function<void(std::size_t row, std::span<double> to)> get;
  std::function<void(std::size_t row, std::span<const double> from)> set;
};

/// All tensors of a window, its blocks included, in the file's order. They refer to `moments`,
/// which must stay as it is.
std::vector<MomentsTensor> tensors_of(PanelMoments& moments);

}  // namespace livecca
