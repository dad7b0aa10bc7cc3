#pragma once

#include <cstdint>
#include <string>

#include "index/growing_run.hpp"
#include "serve/answers/query.hpp"

namespace livecca::tool {

// Answers about a single row, pair or snapshot: see docs/serve.md. All throw RequestError.

/// The row of a line, as it stands in the file.
std::string row_answer(const GrowingRun& run, std::uint64_t line);

/// The spectrum that belongs to a row, or a pair's latest.
std::string spectrum_answer(const GrowingRun& run, const Query& query);

/// Layer × layer at one snapshot.
std::string matrix_answer(const RunIndex& index, const Query& query);

}  // namespace livecca::tool
