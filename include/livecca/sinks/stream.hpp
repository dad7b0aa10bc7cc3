#pragma once

#include <cstdint>

#include "livecca/common/export.hpp"

namespace livecca {

/// Which inputs a step saw. The probe is a fixed, ordered set of inputs that the networks run over
/// before each snapshot, in evaluation mode and without gradients: its numbers are exact. The train
/// stream is minibatches of training itself, whose weights move meanwhile: its numbers are
/// approximate, and the difference is shown as drift where both are there.
enum class Stream : std::uint8_t { probe, train };

/// "probe" or "train"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Stream stream);

}  // namespace livecca
