#include "livecca/monitor/replay.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "activations/rows_at_once.hpp"
#include "common/files/list_folder.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/error.hpp"
#include "monitor/comparison/changed_width.hpp"
#include "monitor/comparison/recorded_comparison.hpp"
#include "monitor/comparison/rows_of_solution.hpp"
#include "monitor/history/history.hpp"
#include "monitor/history/reopened_pack.hpp"

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
  result.compare_before = options.before;
  if (const auto valid = result.check(); !valid) throw Error(valid.why());
  return result;
}

std::vector<std::filesystem::path> snapshot_files(const std::filesystem::path& run_directory) {
  const std::filesystem::path folder = run_directory / "history";
  std::vector<std::filesystem::path> files;
  const std::error_code failure = list_folder(folder, files);
  std::erase_if(files, [](const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    return !name.starts_with(snapshot_file_prefix) || !name.ends_with(snapshot_file_suffix);
  });
  if (failure || files.empty()) {
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

/// Rows that hold a NaN or an infinity. Fails if they cannot be read.
Result<std::uint64_t> nonfinite_rows(const RecordedPack& pack, const std::string& layer) {
  const auto opened = pack.rows(layer);
  if (!opened) return Failure{opened.why()};
  const std::shared_ptr<RowSource>& source = *opened;
  const std::uint64_t stride = rows_at_once(source->rows_per_image());
  PackedRows rows;
  std::uint64_t count = 0;
  for (std::uint64_t first = 0; first < source->rows(); first += stride) {
    const std::uint64_t some = std::min(stride, source->rows() - first);
    const auto view = source->read(first, some);
    if (!view) return Failure{view.why()};
    const auto packed = rows.pack_recorded(*view, source->rows_per_image(), source->grid(),
                                           source->valid(first, some));
    if (!packed) return Failure{packed.why()};
    count += static_cast<std::uint64_t>(std::ranges::count(rows.finite(), 0));
  }
  return count;
}

/// All that is compared, and where it goes.
class Replay {
 public:
  Replay(const std::filesystem::path& run_directory, const ReplayOptions& options)
      : asked_(options),
        options_(as_monitor_options(run_directory, options)),
        executor_(options.threads),
        comparisons_(options_, executor_) {}

  ReplayResult run() {
    read_history();
    open_references();
    for (std::size_t i = 0; i < snapshots_.size(); ++i) compare(i);
    if (!other_positions_.empty()) {
      fail("rows_differ", "all with all",
           std::to_string(other_positions_.size()) +
               " pairs of layers on other positions are not compared, as " +
               other_positions_.begin()->first + ": " + other_positions_.begin()->second);
    }
    return {std::move(report_.measures), std::move(report_.events)};
  }

 private:
  void fail(const std::string& what, const std::string& subject, const std::string& message);
  Pack open(std::size_t index);
  void read_history();
  void report_changed_width(const RecordedPack& pack, const RecordedLayer& layer,
                            std::map<std::string, std::size_t>& widths);
  void keep_as_start(const Pack& pack);
  void open_references();
  bool has_pair(const RecordedSide& side) const;
  std::vector<RecordedSide> earlier_and_others(std::size_t index, const Pack& now);
  void compare(std::size_t index);

  const ReplayOptions& asked_;
  MonitorOptions options_;
  Executor executor_;
  RecordedComparisons comparisons_;
  std::vector<ReopenedPack> snapshots_;
  std::vector<std::string> layers_;  ///< of all snapshots, in the order of watching
  RecordedSide start_{start_reference, ReferenceKind::start, {}};
  RecordedSide final_{final_reference, ReferenceKind::final, {}};
  std::vector<RecordedSide> references_;
  std::int64_t epoch_ = 0;
  std::map<std::string, std::string> other_positions_;  ///< pairs of layers, and how they differ
  /// Where an event stands in the report, and the last epoch that it came in.
  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::size_t, std::int64_t>>
      told_;
  SnapshotReport report_;
};

void Replay::fail(const std::string& what, const std::string& subject, const std::string& message) {
  const auto [place, is_new] =
      told_.try_emplace({what, subject, message}, report_.events.size(), epoch_);
  auto& [index, last_epoch] = place->second;
  if (is_new) {
    report_.events.push_back({epoch_, what, subject, message});
  } else if (std::exchange(last_epoch, epoch_) != epoch_) {
    ++report_.events[index].count;
  }
}

Pack Replay::open(std::size_t index) {
  ReopenedPack& snapshot = snapshots_[index];
  if (!snapshot.is_readable) return nullptr;
  const auto pack = snapshot.open();
  if (pack) return *pack;
  fail("unreadable", "history", pack.why());
  return nullptr;
}

void Replay::keep_as_start(const Pack& pack) {
  for (const RecordedLayer& layer : pack->layers()) {
    if (start_.layers.contains(layer.name)) continue;
    const auto nonfinite = nonfinite_rows(*pack, layer.name);
    if (!nonfinite) {
      fail("unreadable", "start/" + layer.name, nonfinite.why());
    } else if (*nonfinite > 0) {
      fail("nonfinite", "start/" + layer.name,
           pack->path().string() + ": expected finite activations as the start, got " +
               std::to_string(*nonfinite) + " rows that are not; a later snapshot is the start");
    } else {
      start_.layers.set(layer.name, pack);
    }
  }
}

void Replay::report_changed_width(const RecordedPack& pack, const RecordedLayer& layer,
                                  std::map<std::string, std::size_t>& widths) {
  const std::string why = changed_width(widths, layer.name, layer.features_of_tap);
  if (!why.empty()) fail("shape_changed", layer.name, pack.path().string() + ": " + why);
}

void Replay::read_history() {
  for (auto& file : snapshot_files(options_.run_directory)) {
    snapshots_.push_back({.file = std::move(file), .is_readable = true, .pack = {}});
  }
  bool any = false;
  std::map<std::string, std::size_t> widths;
  for (std::size_t i = 0; i < snapshots_.size(); ++i) {
    const Pack pack = open(i);
    if (!pack) continue;
    epoch_ = pack->epoch();
    if (!std::exchange(any, true)) options_.network = pack->network();
    if (asked_.start) keep_as_start(pack);
    for (const RecordedLayer& layer : pack->layers()) {
      if (std::ranges::find(layers_, layer.name) == layers_.end()) layers_.push_back(layer.name);
      report_changed_width(*pack, layer, widths);
      if (asked_.final) final_.layers.set(layer.name, pack);
    }
  }
  if (!any) throw Error(report_.events.front().message);
}

bool Replay::has_pair(const RecordedSide& side) const {
  return std::ranges::any_of(side.layers, [&](const auto& other) {
    return std::ranges::any_of(layers_, [&](const std::string& layer) {
      return are_paired(side, layer, other.first, options_.pairing);
    });
  });
}

void Replay::open_references() {
  for (const auto& reference : asked_.references) {
    const std::string& name = reference.first;
    const bool is_known =
        std::ranges::any_of(references_, [&](const auto& side) { return side.network == name; });
    if (name.empty() || name == options_.network || is_known || is_reserved(name)) {
      throw Error("replay: expected a new name for a recorded reference, got '" + name + "'");
    }
    const auto pack = RecordedPack::open(reference.second);
    if (!pack) throw Error(pack.why());
    references_.push_back(RecordedSide::of(name, ReferenceKind::pack, *pack));
    if (has_pair(references_.back())) continue;
    fail("missing", name, expected_a_pair(references_.back(), options_.network, layers_.front()));
  }
}

/// A side without the layers that are the snapshot's own.
std::vector<RecordedSide> without(const RecordedSide& side, const Pack& now) {
  RecordedSide other = side;
  other.layers.erase_if([&](const auto& layer) { return layer.second == now; });
  if (other.layers.empty()) return {};
  return {std::move(other)};
}

std::vector<RecordedSide> Replay::earlier_and_others(std::size_t index, const Pack& now) {
  std::vector<RecordedSide> sides = without(start_, now);
  for (const std::size_t snapshots : std::set(asked_.before.begin(), asked_.before.end())) {
    if (snapshots > index) continue;
    if (const Pack pack = open(index - snapshots)) {
      sides.push_back(RecordedSide::of(before_reference(snapshots), ReferenceKind::before, pack));
    }
  }
  sides.insert(sides.end(), references_.begin(), references_.end());
  return sides;
}

void Replay::compare(std::size_t index) {
  const Pack now = open(index);
  if (!now) return;
  epoch_ = now->epoch();
  std::vector<RecordedSide> sides = earlier_and_others(index, now);
  for (RecordedSide& side : without(final_, now)) sides.push_back(std::move(side));
  const auto report = [&](const std::string& what, const std::string& subject,
                          const std::string& message) {
    const bool is_of_a_pair =
        what == name_of(FaultKind::rows_differ) && subject.starts_with(options_.network + "/");
    if (!options_.pairing.is_all() || !is_of_a_pair) return fail(what, subject, message);
    other_positions_.try_emplace(subject, message);
  };
  RowSinks sinks{report_, nullptr};
  const RecordedSide own = RecordedSide::of(options_.network, ReferenceKind::network, now);
  comparisons_.compare(
      own, sides, report,
      [&](const RecordedSide& side, const PanelMoments& moments,
          const std::vector<std::size_t>& pairs, Solver& solver) {
        const SolvedWindow window = solve_window(moments, options_, solver, executor_);
        write_pairs(moments, pairs, window, recorded_rows(epoch_, now->step(), own, side), options_,
                    sinks);
      });
}

}  // namespace

ReplayResult replay(const std::filesystem::path& run_directory, const ReplayOptions& options) {
  return Replay(run_directory, options).run();
}

}  // namespace livecca
