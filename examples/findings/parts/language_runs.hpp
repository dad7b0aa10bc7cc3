#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "kept_runs.hpp"
#include "settings.hpp"

namespace findings {

/// Trains a language model from a seed and watches it. The numbers it returns have its perplexity.
using TrainFromSeed = std::function<Numbers(std::uint64_t seed, const std::filesystem::path& folder,
                                            const StepsDone& done)>;

/// Makes a run for each of so many seeds, settings.seed first, as make_runs(), and prints the
/// perplexities and how long it took: all of a finding's work.
void run_language_models(const Settings& settings, const std::string& about, int networks,
                         std::int64_t epochs, const TrainFromSeed& train);

}  // namespace findings
