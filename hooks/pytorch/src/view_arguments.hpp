#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sequence_mask.hpp"

namespace livecca::python {

/// What becomes a sample. Throws Error where the layout does not have it.
Reading reading_of(const std::string& layout, const std::string& samples, std::size_t step);

/// A mask of a byte a step, sequences × steps. Throws Error on another array.
SequenceMask mask_view(const Array& mask);

/// An array of int64 in C order. Throws Error, with the name in front, on another one.
std::span<const std::int64_t> whole_numbers_of(const Array& array, const std::string& name);

/// An array of elements of any type.
struct RawView {
  const void* data = nullptr;
  std::string element_type;
  std::size_t element_bytes = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  ///< count elements
};

/// Throws Error, with the name in front, if it is not in the CPU's memory.
RawView raw_view_of(const Array& array, const std::string& name);

}  // namespace livecca::python
