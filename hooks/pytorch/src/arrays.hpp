#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inputs/activation_tensor.hpp"
#include "inputs/held_mask.hpp"
#include "livecca/activations/activation_view.hpp"

namespace livecca::python {

/// An array that came through DLPack or the buffer protocol. Nothing is copied: it keeps the memory
/// of its owner alive.
using Array = nanobind::ndarray<nanobind::ro>;

/// A view of an array of floating-point numbers in the memory of the CPU. Throws Error, with the
/// name in front, on anything else.
ActivationView view_of(const Array& array, const std::string& name);

/// "float32", "bfloat16", "int64", …, as NumPy and PyTorch write it.
std::string dtype_text(const Array& array);

/// An array as an input of a comparison.
class ArrayTensor : public tool::ActivationTensor {
 public:
  /// Throws Error as view_of() does, and if an axis is empty.
  ArrayTensor(Array array, std::string name);

  const std::string& name() const override { return name_; }
  std::span<const std::int64_t> shape() const override { return view_.shape(); }
  std::string element_text() const override { return dtype_text(array_); }
  ActivationView entries(std::size_t first, std::size_t count) override;
  void release() const override {}

 private:
  Array array_;
  std::string name_;
  ActivationView view_;
};

/// A mask of float64 values in C order, as the Python side hands it over. Throws InputError.
std::shared_ptr<const tool::HeldMask> mask_of(const Array& values, const std::string& name,
                                              Layout layout);

}  // namespace livecca::python
