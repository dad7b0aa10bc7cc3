#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "livecca/common/export.hpp"

namespace livecca {

/// Which inputs a step saw. The probe is a fixed, ordered set of inputs that the networks run over
/// before each snapshot, in evaluation mode and without gradients: its numbers are exact. The train
/// stream is minibatches of training itself, whose weights move meanwhile: its numbers are
/// approximate, and the difference is shown as drift where both are there.
enum class Stream : std::uint8_t { probe, train };

/// "probe" or "train".
LIVECCA_EXPORT const char* name_of(Stream stream);
/// The stream of that name; empty if there is none.
LIVECCA_EXPORT std::optional<Stream> stream_named(std::string_view name);

}  // namespace livecca
