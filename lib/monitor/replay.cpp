#include "livecca/monitor/replay.hpp"

#include <algorithm>
#include <memory>

#include "livecca/common/error.hpp"
#include "monitor/recorded_comparison.hpp"
#include "monitor/rows_of_solution.hpp"

namespace livecca {
namespace {

using Pack = std::shared_ptr<const RecordedPack>;

MonitorOptions as_monitor_options(const std::filesystem::path& run_directory,
                                  const ReplayOptions& options) {
  MonitorOptions result;
  result.run_directory = run_directory;
  result.measures = options.measures;
  result.keep_variance = options.keep_variance;
  result.partial_whitening_alpha = options.partial_whitening_alpha;
  result.precision = options.precision;
  result.error_blocks = options.error_blocks;
  result.pairing = options.pairing;
  result.threads = options.threads;
  std::string why;
  if (!result.is_valid(why)) throw Error(why);
  return result;
}

std::vector<std::filesystem::path> snapshot_files(const std::filesystem::path& run_directory) {
  const std::filesystem::path folder = run_directory / "history";
  std::vector<std::filesystem::path> files;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("snapshot-") && name.ends_with(".safetensors")) {
      files.push_back(entry.path());
    }
  }
  if (files.empty()) {
    throw Error(folder.string() + ": expected a run's snapshots, got " +
                (failure ? failure.message() : "none"));
  }
  // snapshot-10000 comes after snapshot-9999.
  std::ranges::sort(files, [](const auto& a, const auto& b) {
    const std::string x = a.string();
    const std::string y = b.string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return files;
}

/// All that is compared, and where it goes.
class Replay {
 public:
  Replay(const std::filesystem::path& run_directory, const ReplayOptions& options)
      : asked_(options),
        options_(as_monitor_options(run_directory, options)),
        executor_(options.threads),
        solver_(executor_),
        comparison_(options_, executor_) {}

  ReplayResult run() {
    open_all();
    for (std::size_t i = 0; i < snapshots_.size(); ++i) compare(i);
    return {std::move(report_.measures), std::move(report_.events)};
  }

 private:
  void fail(const std::string& what, const std::string& subject, const std::string& message) {
    report_.events.push_back({epoch_, what, subject, message});
  }

  void open_all() {
    for (const auto& file : snapshot_files(options_.run_directory)) {
      std::string why;
      if (Pack pack = RecordedPack::open(file, why)) {
        snapshots_.push_back(std::move(pack));
      } else {
        fail("unreadable", "history", why);
      }
    }
    if (snapshots_.empty()) throw Error(report_.events.front().message);
    options_.network = snapshots_.front()->network();
    for (const Pack& pack : snapshots_) {
      for (const RecordedLayer& layer : pack->layers()) {
        start_.layers.try_emplace(layer.name, pack);
        final_.layers[layer.name] = pack;
      }
    }
    for (const auto& [name, path] : asked_.references) {
      std::string why;
      const Pack pack = RecordedPack::open(path, why);
      if (!pack) throw Error(why);
      references_.push_back(RecordedSide::of(name, false, pack));
    }
  }

  /// Without the layers that are the snapshot's own.
  static void add_other(const RecordedSide& side, const Pack& now,
                        std::vector<RecordedSide>& sides) {
    RecordedSide other = side;
    std::erase_if(other.layers, [&](const auto& layer) { return layer.second == now; });
    if (!other.layers.empty()) sides.push_back(std::move(other));
  }

  void compare(std::size_t index) {
    const Pack& now = snapshots_[index];
    epoch_ = now->epoch();
    std::vector<RecordedSide> sides;
    if (asked_.start) add_other(start_, now, sides);
    if (asked_.final) add_other(final_, now, sides);
    for (const std::size_t before : asked_.before) {
      if (before == 0 || before > index) continue;
      sides.push_back(
          RecordedSide::of("before-" + std::to_string(before), true, snapshots_[index - before]));
    }
    sides.insert(sides.end(), references_.begin(), references_.end());
    const auto compared =
        comparison_.compare(RecordedSide::of(options_.network, true, now), sides,
                            [&](const std::string& what, const std::string& subject,
                                const std::string& message) { fail(what, subject, message); });
    if (compared.pairs.empty()) return;
    const SolvedWindow window = solve_window(compared.moments, options_, solver_, executor_);
    RowSinks sinks{report_, nullptr};
    for (const std::size_t pair : compared.pairs) {
      write_pair(compared.moments, window, pair, {epoch_, now->step(), "probe", "probe"},
                 options_.measures, sinks);
    }
  }

  const ReplayOptions& asked_;
  MonitorOptions options_;
  Executor executor_;
  Solver solver_;
  RecordedComparison comparison_;
  std::vector<Pack> snapshots_;
  RecordedSide start_{"start", true, {}};
  RecordedSide final_{"final", true, {}};
  std::vector<RecordedSide> references_;
  std::int64_t epoch_ = 0;
  SnapshotReport report_;
};

}  // namespace

ReplayResult replay(const std::filesystem::path& run_directory, const ReplayOptions& options) {
  return Replay(run_directory, options).run();
}

}  // namespace livecca
