#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "support/file_text.hpp"

namespace livecca_tests {

/// A header as numpy writes it, padded so that the data begin at a multiple of `alignment`.
inline std::string npy_header(const std::string& dictionary, int version = 1,
                              std::size_t alignment = 64) {
  std::string text = dictionary;
  const std::size_t prefix = version == 1 ? 10 : 12;
  while ((prefix + text.size() + 1) % alignment != 0) text += ' ';
  text += '\n';
  std::string header = "\x93NUMPY";
  header += static_cast<char>(version);
  header += '\0';
  for (std::size_t i = 0; i < prefix - 8; ++i) {
    header += static_cast<char>((text.size() >> (8 * i)) & 0xFFU);
  }
  return header + text;
}

inline std::string npy_dictionary(const std::string& descr, const std::string& shape,
                                  bool fortran_order = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

/// The bits of a float16 for a small integer, exactly: |value| ≤ 2048.
inline std::uint16_t half_bits(int value) {
  if (value == 0) return 0;
  const unsigned sign = value < 0 ? 0x8000U : 0U;
  const auto magnitude = static_cast<unsigned>(value < 0 ? -value : value);
  const unsigned exponent = static_cast<unsigned>(std::bit_width(magnitude)) - 1U;
  const unsigned fraction = (magnitude << (10U - exponent)) & 0x3FFU;
  return static_cast<std::uint16_t>(sign | ((exponent + 15U) << 10U) | fraction);
}

template <typename Number>
std::string bytes_of(Number number, bool big_endian) {
  std::string bytes(sizeof(Number), '\0');
  std::memcpy(bytes.data(), &number, sizeof(Number));
  const bool swap = big_endian == (std::endian::native == std::endian::little);
  return swap ? std::string(bytes.rbegin(), bytes.rend()) : bytes;
}

/// One element of the type that `descr` names, e.g. ">i2".
inline std::string element_bytes(const std::string& descr, double value) {
  const bool big = descr[0] == '>';
  const std::string type = descr.substr(1);
  if (type == "f2") return bytes_of(half_bits(static_cast<int>(value)), big);
  if (type == "f4") return bytes_of(static_cast<float>(value), big);
  if (type == "f8") return bytes_of(value, big);
  if (type == "i1") return bytes_of(static_cast<std::int8_t>(value), big);
  if (type == "i2") return bytes_of(static_cast<std::int16_t>(value), big);
  if (type == "i4") return bytes_of(static_cast<std::int32_t>(value), big);
  if (type == "i8") return bytes_of(static_cast<std::int64_t>(value), big);
  if (type == "u1" || type == "b1") return bytes_of(static_cast<std::uint8_t>(value), big);
  if (type == "u2") return bytes_of(static_cast<std::uint16_t>(value), big);
  if (type == "u4") return bytes_of(static_cast<std::uint32_t>(value), big);
  return bytes_of(static_cast<std::uint64_t>(value), big);
}

/// An array to be written: values in C order.
struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

struct NpyFormat {
  std::string descr = "<f8";
  bool fortran_order = false;
  int version = 1;
  std::size_t alignment = 64;
};

inline std::string shape_of(const NpyArray& array) {
  std::string text = "(";
  for (const std::size_t extent : array.shape) text += std::to_string(extent) + ", ";
  return text + ")";
}

/// The C-order index of the element at place `place` of a Fortran-order file.
inline std::size_t c_index(const NpyArray& array, std::size_t place) {
  std::vector<std::size_t> at;
  for (const std::size_t extent : array.shape) {
    at.push_back(place % extent);
    place /= extent;
  }
  std::size_t index = 0;
  for (std::size_t axis = 0; axis < at.size(); ++axis) index = index * array.shape[axis] + at[axis];
  return index;
}

inline void write_npy(const std::filesystem::path& path, const NpyArray& array,
                      const NpyFormat& format = {}) {
  std::string bytes =
      npy_header(npy_dictionary(format.descr, shape_of(array), format.fortran_order),
                 format.version, format.alignment);
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    const std::size_t index = format.fortran_order ? c_index(array, i) : i;
    bytes += element_bytes(format.descr, array.values[index]);
  }
  write_text(path, bytes);
}

}  // namespace livecca_tests
