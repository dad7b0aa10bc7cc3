#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/safetensors.hpp"
#include "inputs/activation_tensor.hpp"
#include "inputs/mapped_file.hpp"

namespace livecca::tool {

/// A .safetensors file of activations, one tensor a layer, of any program. Of a pack only that it
/// is one: see RecordedPack.
class SafetensorsFile {
 public:
  /// Reads and checks the header. Throws InputError, with the path in front, on anything but a
  /// whole safetensors file that may hold activations.
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return path_; }
  const SafetensorsHeader& header() const { return header_; }
  const MappedFile& file() const { return file_; }
  bool is_pack() const { return is_pack_; }

 private:
  void read_header();
  void read_format();

  std::string path_;
  MappedFile file_;
  SafetensorsHeader header_;
  bool is_pack_ = false;
};

/// One of its tensors: F16, BF16, F32 or F64 in C order, viewed where it lies if it is aligned, and
/// copied if not. The file stays mapped while a tensor of it is there.
class SafetensorsTensorFile : public ActivationTensor {
 public:
  /// Throws InputError if the tensor is of another type or has no elements.
  SafetensorsTensorFile(std::shared_ptr<const SafetensorsFile> file,
                        const livecca::SafetensorsTensor& tensor);

  const std::string& name() const override { return name_; }
  std::span<const std::int64_t> shape() const override { return shape_; }
  std::string element_text() const override { return element_; }
  ActivationView entries(std::size_t first, std::size_t count) override;
  void release() const override { file_->file().release(data_, bytes_); }

 private:
  std::shared_ptr<const SafetensorsFile> file_;
  std::string name_;
  std::string element_;
  std::vector<std::int64_t> shape_;
  DType dtype_ = DType::float64;
  const std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::vector<double> copied_;  ///< aligned storage of one piece, whatever its element type
};

}  // namespace livecca::tool
