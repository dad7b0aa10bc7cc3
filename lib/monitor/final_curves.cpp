#include "monitor/final_curves.hpp"

#include <map>
#include <memory>
#include <string>

#include "monitor/recorded_comparison.hpp"
#include "monitor/rows_of_solution.hpp"

namespace livecca {
namespace {

using Pack = std::shared_ptr<const RecordedPack>;

/// Its file is open only while it is compared, and as long as it is a layer's final state: a run
/// may keep more snapshots than a process may open files.
struct Readable {
  const History::Kept* kept;
  std::weak_ptr<const RecordedPack> pack;

  Pack open(std::string& why) const {
    if (Pack known = pack.lock()) return known;
    return RecordedPack::open(kept->file, why);
  }
};

}  // namespace

void write_final_curves(const std::vector<History::Kept>& kept, const MonitorOptions& options,
                        Executor& executor, SnapshotReport& report, RunWriter& writer) {
  if (kept.size() < 2) return;
  std::int64_t epoch = 0;
  const auto fail = [&](const std::string& what, const std::string& subject,
                        const std::string& message) {
    const Event event{.epoch = epoch, .what = what, .subject = subject, .message = message};
    writer.report(event);
    report.events.push_back(event);
  };
  std::vector<Readable> snapshots;
  RecordedSide last{"final", true, {}};
  for (const History::Kept& snapshot : kept) {
    epoch = snapshot.epoch;
    std::string why;
    const Pack pack = RecordedPack::open(snapshot.file, why);
    if (!pack) {
      fail("missing", "final", why);
      continue;
    }
    // The newest recording there is: a last snapshot that missed a layer should not cost its curve.
    for (const RecordedLayer& layer : pack->layers()) last.layers[layer.name] = pack;
    snapshots.push_back({&snapshot, pack});
  }
  RecordedComparisons comparisons(options, executor);
  RowSinks sinks{report, &writer};
  for (const Readable& snapshot : snapshots) {
    epoch = snapshot.kept->epoch;
    std::string why;
    const Pack pack = snapshot.open(why);
    if (!pack) {
      fail("missing", "final", why);
      continue;
    }
    RecordedSide then = RecordedSide::of(options.network, true, pack);
    std::erase_if(then.layers,
                  [&](const auto& layer) { return last.layers.at(layer.first) == pack; });
    for (const auto& [layer, last_pack] : last.layers) {
      if (last_pack != pack && !then.layers.contains(layer)) {
        fail("missing", "final/" + layer,
             pack->path().string() + ": expected this layer, it is not in it");
      }
    }
    comparisons.compare(
        then, {last}, fail,
        [&](const PanelMoments& moments, const std::vector<std::size_t>& pairs, Solver& solver) {
          const SolvedWindow window = solve_window(moments, options, solver, executor);
          write_pairs(moments, pairs, window, {epoch, pack->step(), "probe", "probe"}, options,
                      sinks);
        });
  }
}

}  // namespace livecca
