#pragma once

#include <cstdint>
#include <string>

#include "kept_runs.hpp"
#include "settings.hpp"

namespace findings {

/// Trains a language model from each of so many seeds, and prints their perplexities and how long
/// it took: all of a finding's work. `train` returns a number "perplexity".
void run_language_models(const Settings& settings, const std::string& about, int networks,
                         std::int64_t epochs, const TrainFromSeed& train);

}  // namespace findings
