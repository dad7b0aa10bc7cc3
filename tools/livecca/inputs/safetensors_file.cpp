#include "inputs/safetensors_file.hpp"

#include <cstring>

#include "activations/safetensors_type.hpp"
#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

constexpr const char* own_formats = "livecca.";
constexpr const char* pack_format = "livecca.pack";

std::string value_of(const SafetensorsHeader& header, const char* field) {
  const auto found = header.metadata.find(field);
  return found == header.metadata.end() ? "" : found->second;
}

std::optional<IntegerType> integers_of(std::string_view dtype) {
  if (dtype == "BOOL") return IntegerType{.bytes = 1};
  for (const std::size_t bytes : {1, 2, 4, 8}) {
    const std::string bits = std::to_string(8 * bytes);
    if (dtype == "U" + bits) return IntegerType{.bytes = bytes};
    if (dtype == "I" + bits) return IntegerType{.bytes = bytes, .is_signed = true};
  }
  return std::nullopt;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) try : path_(path), file_(path) {
  read_header();
  read_format();
} catch (const InputError& error) {
  throw InputError(path + ": " + error.what());
}

void SafetensorsFile::read_header() {
  const std::span<const std::byte> bytes = file_.bytes();
  std::uint64_t length = 0;
  if (bytes.size() < safetensors_length_bytes) {
    throw InputError("expected a safetensors file, got " + std::to_string(bytes.size()) + " bytes");
  }
  std::memcpy(&length, bytes.data(), safetensors_length_bytes);
  if (length > bytes.size() - safetensors_length_bytes) {
    throw InputError("expected a safetensors header of at most " +
                     std::to_string(bytes.size() - safetensors_length_bytes) +
                     " bytes, got one of " + std::to_string(length));
  }
  const std::string_view text(
      reinterpret_cast<const char*>(bytes.data()) + safetensors_length_bytes, length);
  auto header = parse_safetensors_header(text, bytes.size());
  if (!header) throw InputError(header.why());
  header_ = *std::move(header);
  if (header_.tensors.empty()) throw InputError("expected at least one tensor, got none");
}

void SafetensorsFile::read_format() {
  const std::string format = value_of(header_, "format");
  if (!format.starts_with(own_formats)) return;
  is_pack_ = format == pack_format;
  if (is_pack_) return;
  throw InputError("expected activations, got a file of format " + in_quotes(format) +
                   (format == "livecca.moments" ? "; see livecca solve" : ""));
}

std::string unfit_reason(const livecca::SafetensorsTensor& tensor) {
  if (!dtype_of_safetensors(tensor.dtype) && !integers_of(tensor.dtype)) {
    return "expected a tensor of F16, BF16, F32, F64, integers or BOOL, got " + tensor.dtype;
  }
  if (tensor.begin == tensor.end) {
    return "expected at least one row and one feature, got an empty tensor";
  }
  const std::vector<std::int64_t> shape(tensor.shape.begin(), tensor.shape.end());
  if (shape.size() >= 2) return "";
  return "expected 2 axes or more (samples, features), got shape " + shape_text(shape);
}

SafetensorsTensorFile::SafetensorsTensorFile(std::shared_ptr<const SafetensorsFile> file,
                                             const livecca::SafetensorsTensor& tensor)
    : file_(std::move(file)),
      name_(file_->path() + ": " + in_quotes(tensor.name)),
      element_(tensor.dtype),
      integers_(integers_of(tensor.dtype)) {
  const std::string unfit = unfit_reason(tensor);
  if (!unfit.empty()) throw InputError(name_ + ": " + unfit);
  if (!integers_) dtype_ = *dtype_of_safetensors(tensor.dtype);
  for (const std::uint64_t extent : tensor.shape) {
    shape_.push_back(static_cast<std::int64_t>(extent));
  }
  bytes_ = tensor.end - tensor.begin;
  data_ = file_->file().bytes().data() + file_->header().data_begin + tensor.begin;
}

ActivationView SafetensorsTensorFile::entries(std::size_t first, std::size_t count) {
  std::vector<std::int64_t> extents = shape_;
  const std::size_t entry_bytes = bytes_ / static_cast<std::size_t>(shape_[0]);
  extents[0] = static_cast<std::int64_t>(count);
  const std::byte* from = data_ + first * entry_bytes;
  if (integers_) {
    copied_.resize(count * entry_bytes / integers_->bytes);
    integers_to_float64(*integers_, from, copied_.size(),
                        reinterpret_cast<std::byte*>(copied_.data()));
    return {copied_.data(), DType::float64, extents};
  }
  if (reinterpret_cast<std::uintptr_t>(data_) % size_of(dtype_) == 0) {
    return {from, dtype_, extents};
  }
  copied_.resize((count * entry_bytes + sizeof(double) - 1) / sizeof(double));
  std::memcpy(copied_.data(), from, count * entry_bytes);
  return {copied_.data(), dtype_, extents};
}

}  // namespace livecca::tool
