#include "view_arguments.hpp"

#include "livecca/common/error.hpp"
#include "named.hpp"

namespace livecca::python {

namespace nb = nanobind;

Reading reading_of(const std::string& layout, const std::string& samples, std::size_t step) {
  Reading reading(enum_of<Layout>("layout", layout), enum_of<Samples>("samples", samples), step);
  if (const auto fits = reading.check(); !fits) throw Error("samples: " + fits.why());
  return reading;
}

SequenceMask mask_view(const Array& mask) {
  const bool is_bytes = mask.dtype().bits == 8 && mask.dtype().lanes == 1;
  if (mask.ndim() != 2 || !is_bytes || mask.device_type() != nb::device::cpu::value) {
    throw Error(
        "mask: expected booleans of 2 axes, sequences and steps, in the CPU's memory, got " +
        std::to_string(mask.ndim()) + " axes of " + dtype_text(mask));
  }
  return {static_cast<const std::uint8_t*>(mask.data()), mask.shape(0), mask.shape(1),
          mask.stride(0), mask.stride(1)};
}

std::span<const std::int64_t> whole_numbers_of(const Array& array, const std::string& name) {
  std::int64_t together = 1;
  bool is_in_order = array.device_type() == nb::device::cpu::value && dtype_text(array) == "int64";
  for (std::size_t axis = array.ndim(); axis-- > 0;) {
    is_in_order &= array.shape(axis) == 1 || array.stride(axis) == together;
    together *= static_cast<std::int64_t>(array.shape(axis));
  }
  if (!is_in_order) {
    throw Error(name + ": expected int64 in C order in the CPU's memory, got " + dtype_text(array));
  }
  return {static_cast<const std::int64_t*>(array.data()), array.size()};
}

RawView raw_view_of(const Array& array, const std::string& name) {
  if (array.device_type() != nb::device::cpu::value) {
    throw Error(name + ": expected an array in the CPU's memory, got one on another device");
  }
  RawView view{.data = array.data(),
               .element_type = dtype_text(array),
               .element_bytes = array.itemsize(),
               .shape = {},
               .strides = {}};
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    view.shape.push_back(static_cast<std::int64_t>(array.shape(axis)));
    view.strides.push_back(array.stride(axis));
  }
  return view;
}

}  // namespace livecca::python
