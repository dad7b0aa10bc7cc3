#pragma once

#include "index/growing_run.hpp"
#include "serve/answers/answer_json.hpp"

namespace livecca::tool {

/// SUMMARY of docs/serve.md.
AnswerJson summary_of(const GrowingRun& run, const RunIndex& index, std::uint64_t lines);

/// RUN of docs/serve.md: the summary, and all that does not depend on what is zoomed to.
AnswerJson run_answer(const GrowingRun& run, const RunIndex& index, std::uint64_t lines);

}  // namespace livecca::tool
