#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace livecca {

/// Reads from this offset of an open file on, until `into` is full or the file ends. Returns how
/// many bytes that were; nothing, with errno set, if the system could not read.
std::optional<std::size_t> read_at(int descriptor, std::span<std::byte> into, std::uint64_t at);

}  // namespace livecca
