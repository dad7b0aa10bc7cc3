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

SafetensorsTensorFile::SafetensorsTensorFile(std::shared_ptr<const SafetensorsFile> file,
                                             const livecca::SafetensorsTensor& tensor)
    : file_(std::move(file)),
      name_(file_->path() + ": " + in_quotes(tensor.name)),
      element_(tensor.dtype) {
  const auto dtype = dtype_of_safetensors(tensor.dtype);
  if (!dtype) {
    throw InputError(name_ + ": expected a tensor of F16, BF16, F32 or F64, got " + tensor.dtype);
  }
  if (tensor.begin == tensor.end) {
    throw InputError(name_ + ": expected at least one row and one feature, got an empty tensor");
  }
  dtype_ = *dtype;
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
  if (reinterpret_cast<std::uintptr_t>(data_) % size_of(dtype_) == 0) {
    return {from, dtype_, extents};
  }
  copied_.resize((count * entry_bytes + sizeof(double) - 1) / sizeof(double));
  std::memcpy(copied_.data(), from, count * entry_bytes);
  return {copied_.data(), dtype_, extents};
}

}  // namespace livecca::tool
