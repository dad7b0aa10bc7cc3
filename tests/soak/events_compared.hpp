#pragma once

#include <filesystem>
#include <iosfwd>

namespace livecca_soak {

/// Compares what TensorBoard shows of two runs, wall times left out: all events of the probe, layer
/// by layer, the steps of the train stream's, and the steps at which a loss was logged. Prints what
/// differs, and returns whether nothing does. Throws std::runtime_error if a file is not one of
/// events.
bool shows_the_same(const std::filesystem::path& expected, const std::filesystem::path& got,
                    std::ostream& out);

}  // namespace livecca_soak
