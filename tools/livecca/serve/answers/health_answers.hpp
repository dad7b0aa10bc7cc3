#pragma once

#include <cstdint>
#include <string>

#include "index/run_index.hpp"
#include "serve/answers/query.hpp"

namespace livecca::tool {

/// The latest health of each layer, what watching cost, and the latest drifts.
std::string health_answer(const RunIndex& index);

/// Events and beginnings of alarms, of lines after `since`. Throws RequestError.
std::string events_answer(const RunIndex& index, std::uint64_t lines, const Query& query);

}  // namespace livecca::tool
