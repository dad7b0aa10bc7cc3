#pragma once

#include <cstdint>

namespace livecca {

/// What data are: real, or complex, which the coefficients of one frequency are. Of complex data
/// each sample says twice as much, so scores of unrelated data vary less.
enum class Numbers : std::uint8_t { real, complex };

}  // namespace livecca
