#pragma once

#include "index/run_index.hpp"
#include "serve/answers/answer_json.hpp"

namespace livecca::tool {

/// The layers of RUN, in the network's order: verdicts, health, and the latest numbers.
AnswerJson layers_answer(const RunRows& rows);

}  // namespace livecca::tool
