#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/sinks/row.hpp"
#include "monitor/history/recorded_side.hpp"
#include "packs/pack_writer.hpp"

namespace livecca {

/// A kept snapshot's file: "snapshot-0012.safetensors".
inline constexpr std::string_view snapshot_file_prefix = "snapshot-";
inline constexpr std::string_view snapshot_file_suffix = ".safetensors";

/// The trained network's probe activations, one pack a snapshot, in the run folder: what the
/// distances to its own earlier states and to recorded networks are computed from.
///
/// Policy: above the byte limit, kept snapshots are thinned to log-spaced ones: of those between
/// the first and the latest that one goes whose neighbours are closest in the logarithm of their
/// number. The first, those that are a layer's start, the latest and the last few that are asked
/// for always stay. A layer that was not seen whole in a snapshot is not kept for it.
///
/// What the last two checkpoints know of stays on the disk until there is a later one, though it is
/// thinned out: a run may be killed after it wrote a checkpoint and before it relies on it.
///
/// Thread safety: none.
class History {
 public:
  struct Kept {
    std::uint64_t number = 0;  ///< of all snapshots of the run, from 0
    std::int64_t epoch = 0;
    std::filesystem::path file;
    std::uint64_t bytes = 0;
  };
  using Report = std::function<void(const Event&)>;

  /// The options are borrowed.
  History(const MonitorOptions& options, Report report);

  /// From now on snapshots are recorded though options.keep_history says no, and only the latest
  /// stays: recorded references are compared with it.
  void record_for_references() { is_recording_ = true; }

  /// Rows of a committed step. Reports what cannot be written.
  void append(const std::string& layer, const Reading& reading, const PackedRows& rows,
              std::int64_t epoch);
  /// The layer was not seen in a step: it is not kept for this snapshot.
  void spoil(const std::string& layer);
  /// No layer is kept for this snapshot. Takes no memory.
  void spoil_all() noexcept;
  /// Ends the snapshot and returns it; null if nothing of it could be kept.
  std::shared_ptr<const RecordedPack> close(
      const PackFacts& facts, const std::function<const Moments*(const std::string&)>& moments_of);
  /// Forgets what the open snapshot has so far.
  void abandon() noexcept;

  /// Each layer at the first snapshot of the same probe that was finite throughout: a NaN that is
  /// kept as the start would leave its row out of every later comparison. A layer keeps its start:
  /// while the file cannot be read, its pack is null, with an event "missing", and each call tries
  /// again.
  RecordedSide start();
  /// Tries to read the starts that could not be read yet.
  void open_starts();
  /// Whether a layer's start knows the inputs of its probe.
  bool start_has_fingerprint() const;
  /// The kept snapshot so many kept ones before this one, which is the latest that is kept or was not kept at
  /// all; null if there is none.
  std::shared_ptr<const RecordedPack> before(std::size_t snapshots, bool is_latest_now) const;
  /// The snapshot that was closed so many before the latest; null if it was not kept. Reports a file
  /// that cannot be read.
  std::shared_ptr<const RecordedPack> at_lag(std::uint64_t snapshots) const;
  /// How many were closed.
  std::uint64_t snapshots() const { return snapshots_; }
  /// What is kept, in the order of the snapshots.
  const std::vector<Kept>& kept() const { return kept_; }

  nlohmann::json state() const;
  /// The state() as it is now is in a checkpoint.
  void was_saved();
  /// Goes on from a state(). Changes nothing on the disk. Throws std::exception if it is none.
  void restore(const nlohmann::json& state);
  /// Removes the files that came after the restored state; says what could not be removed.
  std::optional<Event> remove_later() const;

 private:
  struct Start {
    std::string layer;
    std::filesystem::path file;
    std::shared_ptr<const RecordedPack> pack;  ///< null if it could not be read yet
  };

  std::filesystem::path file_of(std::uint64_t number) const;
  PackWriter& writer();
  void fail(const std::string& layer, std::int64_t epoch, const std::string& why);
  void keep_as_start(const std::shared_ptr<const RecordedPack>& pack,
                     const std::map<std::string, std::uint64_t>& nonfinite_rows);
  void thin(std::int64_t epoch);
  bool has_start(const std::string& layer) const;
  bool is_start(const Kept& kept) const;
  std::size_t most_recent_needed() const;
  std::shared_ptr<const RecordedPack> opened(const Kept& kept, const std::string& subject) const;
  /// Once no checkpoint needs it.
  void remove_file(const Kept& kept);
  bool is_in_checkpoint(std::uint64_t number) const;
  std::error_code remove_later_files() const;

  const MonitorOptions& options_;
  std::filesystem::path directory_;
  Report report_;
  bool is_recording_;
  std::uint64_t snapshots_ = 0;
  std::unique_ptr<PackWriter> writer_;  ///< of the open snapshot, once it has rows
  std::set<std::string> seen_;          ///< layers that it has rows of
  std::set<std::string> spoiled_;       ///< layers that it will not have
  std::vector<Start> starts_;           ///< in the order in which layers got theirs
  bool is_spoiled_ = false;             ///< it will have none
  std::vector<Kept> kept_;
  std::array<std::set<std::uint64_t>, 2> in_checkpoints_;  ///< numbers that the last two know of
  std::set<std::uint64_t> waiting_;  ///< of files that go when no checkpoint knows of them
};

}  // namespace livecca
