#include "monitor/comparison/final_curves.hpp"

#include <memory>
#include <string>
#include <utility>

#include "monitor/comparison/own_motions.hpp"
#include "monitor/comparison/recorded_comparison.hpp"
#include "monitor/comparison/report_event.hpp"
#include "monitor/comparison/rows_of_solution.hpp"
#include "monitor/history/reopened_pack.hpp"

namespace livecca {
namespace {

using Pack = std::shared_ptr<const RecordedPack>;

class FinalCurves {
 public:
  FinalCurves(const MonitorOptions& options, Executor& executor, SnapshotReport& report,
              RunWriter& writer)
      : options_(options),
        writer_(writer),
        report_(report),
        sinks_{report, &writer},
        executor_(executor),
        comparisons_(options, executor) {}

  std::vector<DistanceToEnd> write(const std::vector<History::Kept>& kept) {
    for (const History::Kept& snapshot : kept) read(snapshot);
    for (ReopenedPack& snapshot : snapshots_) {
      if (const auto pack = snapshot.open()) {
        compare(*pack);
      } else {
        fail("missing", final_reference, pack.why());
      }
    }
    return std::move(distances_);
  }

 private:
  void fail(const std::string& what, const std::string& subject, const std::string& message) {
    report_event(writer_, report_, [&] {
      return Event{.epoch = epoch_, .what = what, .subject = subject, .message = message};
    });
  }

  void read(const History::Kept& kept) {
    epoch_ = kept.epoch;
    ReopenedPack snapshot{.file = kept.file, .is_readable = true, .pack = {}};
    const auto opened = snapshot.open();
    if (!opened) return fail("missing", final_reference, opened.why());
    const Pack& pack = *opened;
    // The newest recording there is: a last snapshot that missed a layer should not cost its curve.
    for (const RecordedLayer& layer : pack->layers()) last_.layers.set(layer.name, pack);
    snapshots_.push_back(std::move(snapshot));
  }

  void compare(const Pack& pack) {
    epoch_ = pack->epoch();
    RecordedSide then = RecordedSide::of(options_.network, ReferenceKind::network, pack);
    then.layers.erase_if([&](const auto& layer) { return last_.layers.find(layer.first) == pack; });
    for (const auto& [layer, last_pack] : last_.layers) {
      if (last_pack != pack && !then.layers.contains(layer)) {
        fail("missing", std::string(final_reference) + "/" + layer,
             pack->path().string() + ": expected this layer, it is not in it");
      }
    }
    comparisons_.compare(
        then, {last_},
        [&](const std::string& what, const std::string& subject, const std::string& message) {
          fail(what, subject, message);
        },
        [&](const RecordedSide& side, const PanelMoments& moments,
            const std::vector<std::size_t>& pairs, Solver& solver) {
          const SolvedWindow window = solve_window(moments, options_, solver, executor_);
          write_pairs(moments, pairs, window, recorded_rows(epoch_, pack->step(), then, side),
                      options_, sinks_);
          keep_distances(moments, pairs, window.solution, pack->step());
        });
  }

  void keep_distances(const PanelMoments& moments, const std::vector<std::size_t>& pairs,
                      const PanelSolution& solution, std::uint64_t step) {
    for (const std::size_t pair : pairs) {
      const auto distance = motion_distance(evaluate(solution, pair, motion_measure_info()));
      const std::string& layer = moments.taps[moments.pairs[pair].x].name.layer;
      if (distance) distances_.push_back({layer, epoch_, step, *distance});
    }
  }

  const MonitorOptions& options_;
  RunWriter& writer_;
  SnapshotReport& report_;
  RowSinks sinks_;
  Executor& executor_;
  RecordedComparisons comparisons_;
  std::vector<DistanceToEnd> distances_;
  std::int64_t epoch_ = 0;
  std::vector<ReopenedPack> snapshots_;
  RecordedSide last_{final_reference, ReferenceKind::final, {}};
};

}  // namespace

std::vector<DistanceToEnd> write_final_curves(const std::vector<History::Kept>& kept,
                                              const MonitorOptions& options, Executor& executor,
                                              SnapshotReport& report, RunWriter& writer) {
  if (kept.size() < 2) return {};
  return FinalCurves(options, executor, report, writer).write(kept);
}

}  // namespace livecca
