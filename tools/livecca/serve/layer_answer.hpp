#pragma once

#include "serve/answer_json.hpp"
#include "serve/run_index.hpp"

namespace livecca::tool {

/// The layers of RUN, in the network's order: verdicts, health, and the latest numbers.
AnswerJson layers_answer(const RunRows& rows);

}  // namespace livecca::tool
