#include "language_runs.hpp"

#include <cstdio>
#include <vector>

namespace findings {

void run_language_models(const Settings& settings, const std::string& about, int networks,
                         std::int64_t epochs, const TrainFromSeed& train) {
  std::vector<Run> runs;
  for (int network = 0; network < networks; ++network) {
    const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(network);
    runs.push_back(
        {.name = "seed_" + std::to_string(seed),
         .steps = static_cast<double>(epochs),
         .make = [&train, seed](const std::filesystem::path& folder, const StepsDone& done) {
           return train(seed, folder, done);
         }});
  }
  const std::vector<KeptRun> kept = make_runs(settings, about, runs);
  for (const KeptRun& network : kept) {
    std::printf("%s: perplexity %.1f on the other words\n", network.name.c_str(),
                network.numbers.at("perplexity"));
  }
  print_end(settings, kept);
}

}  // namespace findings
