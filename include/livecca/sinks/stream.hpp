#pragma once

#include <cstdint>

#include "livecca/common/export.hpp"

namespace livecca {

/// The inputs that a step saw. The probe is a fixed, ordered set of inputs. The networks run over
/// it before each snapshot, in evaluation mode and without gradients, so its numbers are exact. The
/// train stream is the minibatches of training. The weights change during its window, so its
/// numbers are approximate. If both streams have a number, the difference is shown as drift.
enum class Stream : std::uint8_t { probe, train };

/// "probe" or "train"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Stream stream);

}  // namespace livecca
