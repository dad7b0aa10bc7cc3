#pragma once

#include <functional>
#include <optional>
#include <string>

#include "index/growing_run.hpp"

namespace livecca::tool {

/// The run's rows of one kind as `livecca export` writes them, a piece at a time, so that memory
/// does not grow with the run. Each call gives the next piece, "" if the next part of the file has
/// none, and nothing at the end. Throws InputError if the file is begun anew meanwhile.
std::function<std::optional<std::string>()> csv_pieces(const GrowingRun& run,
                                                       const std::string& kind);

}  // namespace livecca::tool
