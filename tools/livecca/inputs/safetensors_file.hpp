#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/files/safetensors.hpp"
#include "inputs/activation_tensor.hpp"
#include "inputs/integers.hpp"
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

/// Why a tensor cannot be compared, "expected …, got …": it is of a type that is neither float nor
/// integer nor BOOL, it has no elements, or it has fewer than 2 axes. Empty if it can be.
std::string unfit_reason(const livecca::SafetensorsTensor& tensor);

/// One of its tensors, in C order. Floats are viewed where they lie if they are aligned, and copied
/// if not; integers become float64 (rounded beyond 2^53). The file stays mapped while a tensor of
/// it is there.
class SafetensorsTensorFile : public ActivationTensor {
 public:
  /// Throws InputError if there is an unfit_reason().
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
  std::optional<IntegerType> integers_;  ///< nothing: floats
  const std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::vector<double> copied_;  ///< aligned storage of one piece, whatever its element type
};

}  // namespace livecca::tool
