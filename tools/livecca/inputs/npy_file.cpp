#include "inputs/npy_file.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "inputs/input_error.hpp"
#include "inputs/integers.hpp"

namespace livecca::tool {
namespace {

void copy_swapped(const std::byte* from, std::size_t size, std::size_t count, std::byte* to) {
  for (std::size_t i = 0; i < count; ++i, from += size, to += size) {
    std::reverse_copy(from, from + size, to);
  }
}

std::vector<std::int64_t> strides_of(std::span<const std::int64_t> extents, bool fortran_order) {
  std::vector<std::int64_t> strides(extents.size());
  std::int64_t stride = 1;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const std::size_t axis = fortran_order ? i : extents.size() - 1 - i;
    strides[axis] = stride;
    stride *= extents[axis];
  }
  return strides;
}

}  // namespace

NpyFile::NpyFile(const std::string& path) try : path_(path), file_(path) {
  header_ = parse_npy_header(file_.bytes());
  data_ = file_.bytes().data() + header_.data_offset;
  for (std::size_t axis = 1; axis < header_.shape.size(); ++axis) {
    elements_per_entry_ *= static_cast<std::size_t>(header_.shape[axis]);
  }
} catch (const InputError& error) {
  throw InputError(path + ": " + error.what());
}

std::string NpyFile::element_text() const {
  return "'" + header_.element.text + "'" + (header_.fortran_order ? ", Fortran order" : "");
}

bool NpyFile::readable_in_place() const {
  const auto address = reinterpret_cast<std::uintptr_t>(data_);
  return header_.element.kind == ElementKind::floating && !header_.element.swapped &&
         !header_.fortran_order && address % header_.element.bytes == 0;
}

DType NpyFile::dtype() const {
  if (header_.element.kind != ElementKind::floating) return DType::float64;
  if (header_.element.bytes == 2) return DType::float16;
  return header_.element.bytes == 4 ? DType::float32 : DType::float64;
}

ActivationView NpyFile::entries(std::size_t first, std::size_t count) {
  std::vector<std::int64_t> extents = header_.shape;
  extents[0] = static_cast<std::int64_t>(count);
  if (readable_in_place()) {
    const std::size_t skip = first * elements_per_entry_ * header_.element.bytes;
    return {data_ + skip, dtype(), extents};
  }
  decode(first, count);
  return {decoded_.data(), dtype(), extents, strides_of(extents, header_.fortran_order)};
}

void NpyFile::decode(std::size_t first, std::size_t count) {
  const std::size_t values = count * elements_per_entry_;
  decoded_.resize((values * size_of(dtype()) + sizeof(double) - 1) / sizeof(double));
  auto* to = reinterpret_cast<std::byte*>(decoded_.data());
  if (header_.fortran_order) return decode_columns(first, count, to);
  decode_run(data_ + first * elements_per_entry_ * header_.element.bytes, values, to);
}

/// In Fortran order the entries asked for are a short run in every column of the file. Touching one
/// may map as much as 2 MiB around it, which would add up to the whole file: so pages are given
/// back every few columns.
void NpyFile::decode_columns(std::size_t first, std::size_t count, std::byte* to) const {
  constexpr std::size_t columns_held = 8;
  const std::size_t bytes = header_.element.bytes;
  const std::size_t column_bytes = static_cast<std::size_t>(header_.shape[0]) * bytes;
  const std::size_t piece_bytes = count * size_of(dtype());
  for (std::size_t column = 0; column < elements_per_entry_; ++column) {
    decode_run(data_ + column * column_bytes + first * bytes, count, to + column * piece_bytes);
    if ((column + 1) % columns_held == 0) {
      file_.release(data_ + (column + 1 - columns_held) * column_bytes,
                    columns_held * column_bytes);
    }
  }
}

void NpyFile::decode_run(const std::byte* from, std::size_t count, std::byte* to) const {
  const NpyElement& element = header_.element;
  if (element.kind != ElementKind::floating) {
    const bool is_signed = element.kind == ElementKind::signed_integer;
    return integers_to_float64({element.bytes, is_signed, element.swapped}, from, count, to);
  }
  if (element.swapped) {
    copy_swapped(from, element.bytes, count, to);
  } else {
    std::memcpy(to, from, count * element.bytes);
  }
}

}  // namespace livecca::tool
