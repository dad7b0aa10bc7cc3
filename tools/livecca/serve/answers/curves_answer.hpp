#pragma once

#include <cstdint>
#include <string>

#include "index/run_index.hpp"
#include "serve/answers/query.hpp"

namespace livecca::tool {

/// CURVES of docs/serve.md: all layers' numbers for one stream, reference and measure, those of the
/// headline where the query names none. Throws RequestError.
std::string curves_answer(const RunIndex& index, std::uint64_t lines, const Query& query);

/// The same of what the user logged.
std::string logs_answer(const RunIndex& index, std::uint64_t lines, const Query& query);

}  // namespace livecca::tool
