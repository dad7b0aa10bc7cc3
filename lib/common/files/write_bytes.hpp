#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace livecca {

/// Writes all bytes at this offset of an open file. False, with errno set, if the system took only
/// a part of them or none.
bool write_all(int descriptor, std::span<const std::byte> bytes, std::uint64_t at);

/// Appends to a file of `size` bytes, whole or not at all. Returns why it could not, empty if it
/// did. What was written by then is cut off again; if even that fails, the reason ends with
/// `what_stays`, and appending at the same size later overwrites it.
std::string append_or_cut_back(int descriptor, std::uint64_t size, std::string_view bytes,
                               std::string_view what_stays);

}  // namespace livecca
