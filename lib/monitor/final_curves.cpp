#include "monitor/final_curves.hpp"

#include <map>
#include <memory>
#include <string>

#include "monitor/recorded_comparison.hpp"
#include "monitor/rows_of_solution.hpp"

namespace livecca {
namespace {

struct Opened {
  std::int64_t epoch;
  std::shared_ptr<const RecordedPack> pack;
};

}  // namespace

void write_final_curves(const std::vector<History::Kept>& kept, const MonitorOptions& options,
                        std::uint64_t step, Executor& executor, SnapshotReport& report,
                        RunWriter& writer) {
  if (kept.size() < 2) return;
  std::int64_t epoch = 0;
  const auto fail = [&](const std::string& what, const std::string& subject,
                        const std::string& message) {
    const Event event{.epoch = epoch, .what = what, .subject = subject, .message = message};
    writer.report(event);
    report.events.push_back(event);
  };
  std::vector<Opened> snapshots;
  RecordedSide last{"final", true, {}};
  for (const History::Kept& snapshot : kept) {
    epoch = snapshot.epoch;
    std::string why;
    auto pack = RecordedPack::open(snapshot.file, why);
    if (!pack) {
      fail("missing", "final", why);
      continue;
    }
    // The newest recording there is: a last snapshot that missed a layer should not cost its curve.
    for (const RecordedLayer& layer : pack->layers()) last.layers[layer.name] = pack;
    snapshots.push_back({epoch, std::move(pack)});
  }
  RecordedComparison comparison(options, executor);
  Solver solver(executor);  // the last state is whitened once
  RowSinks sinks{report, &writer};
  for (const Opened& snapshot : snapshots) {
    epoch = snapshot.epoch;
    RecordedSide then = RecordedSide::of(options.network, true, snapshot.pack);
    std::erase_if(then.layers,
                  [&](const auto& layer) { return last.layers.at(layer.first) == snapshot.pack; });
    for (const auto& [layer, pack] : last.layers) {
      if (pack != snapshot.pack && !then.layers.contains(layer)) {
        fail("missing", "final/" + layer,
             snapshot.pack->path().string() + ": expected this layer, it is not in it");
      }
    }
    const auto compared = comparison.compare(then, {last}, fail);
    if (compared.pairs.empty()) continue;
    const SolvedWindow window = solve_window(compared.moments, options, solver, executor);
    for (const std::size_t pair : compared.pairs) {
      write_pair(compared.moments, window, pair, {epoch, step, "probe", "probe"}, options.measures,
                 sinks);
    }
  }
}

}  // namespace livecca
