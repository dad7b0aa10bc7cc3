#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace livecca::tool {

enum class ElementKind { boolean, signed_integer, unsigned_integer, floating };

struct NpyElement {
  ElementKind kind = ElementKind::floating;
  std::size_t bytes = 0;
  bool swapped = false;  ///< the other byte order than this machine's
  std::string text;      ///< as it stands in the header, e.g. "<f8"
};

struct NpyHeader {
  NpyElement element;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::size_t data_offset = 0;  ///< bytes before the first element
};

/// Reads the header of a .npy file, versions 1 to 3, and checks it against the file's size. `file`
/// is the whole file. Accepted are float16, float32, float64, integers and booleans of either byte
/// order, with at least one element. Throws InputError on anything else, however broken.
///
/// Source: the format's description in numpy.lib.format.
NpyHeader parse_npy_header(std::span<const std::byte> file);

}  // namespace livecca::tool
