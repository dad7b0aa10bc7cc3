#pragma once

#include "serve/answers/answer_json.hpp"
#include "serve/index/run_index.hpp"

namespace livecca::tool {

/// The layers of RUN, in the network's order: verdicts, health, and the latest numbers.
AnswerJson layers_answer(const RunRows& rows);

}  // namespace livecca::tool
