#include "language_runs.hpp"

#include <cstdio>
#include <vector>

namespace findings {

void run_language_models(const Settings& settings, const std::string& about, int networks,
                         std::int64_t epochs, const TrainFromSeed& train) {
  const auto kept = make_runs(settings, about, runs_of_seeds(settings, networks, epochs, train));
  for (const KeptRun& network : kept) {
    std::printf("%s: perplexity %.1f on the other words\n", network.name.c_str(),
                network.numbers.at("perplexity"));
  }
  print_end(settings, kept);
}

}  // namespace findings
