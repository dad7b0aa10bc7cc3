#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace livecca {

/// CRC-32C (Castagnoli; polynomial 0x1EDC6F41, reflected), as of iSCSI (RFC 3720, B.4) and SSE 4.2.
/// A text in parts: give what the parts before came to as `so_far`. Cost: about one byte a cycle.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t so_far = 0);

}  // namespace livecca
