#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inputs/activation_tensor.hpp"
#include "inputs/mapped_file.hpp"
#include "inputs/npy_header.hpp"

namespace livecca::tool {

/// An array in a .npy file.
class NpyFile : public ActivationTensor {
 public:
  /// Throws InputError, with the path in front, on anything but an array of numbers.
  explicit NpyFile(const std::string& path);

  const std::string& name() const override { return path_; }
  std::span<const std::int64_t> shape() const override { return header_.shape; }
  std::string element_text() const override;

  /// Native floats in C order are viewed where they lie; everything else is copied, and integers
  /// become float64 (rounded beyond 2^53).
  ActivationView entries(std::size_t first, std::size_t count) override;
  void release() const override { file_.release(file_.bytes().data(), file_.bytes().size()); }

 private:
  bool readable_in_place() const;
  DType dtype() const;
  void decode(std::size_t first, std::size_t count);
  void decode_columns(std::size_t first, std::size_t count, std::byte* to) const;
  void decode_run(const std::byte* from, std::size_t count, std::byte* to) const;

  std::string path_;
  MappedFile file_;
  NpyHeader header_;
  const std::byte* data_ = nullptr;
  std::size_t elements_per_entry_ = 1;
  std::vector<double> decoded_;  ///< aligned storage of one piece, whatever its element type
};

}  // namespace livecca::tool
