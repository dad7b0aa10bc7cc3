#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/sinks/row.hpp"
#include "monitor/recorded_rows.hpp"

namespace livecca {

/// The trained network's probe activations, one folder a snapshot, one file a layer, in the run
/// folder: what the distance to its own start and the final curves are computed from.
///
/// Policy: above the byte limit, kept snapshots are thinned where they lie closest in epochs; the
/// first and the latest always stay. A layer that was not seen whole in a snapshot is not kept for
/// it.
///
/// Thread safety: none; the training thread's.
class History {
 public:
  struct Kept {
    std::int64_t epoch;
    std::filesystem::path folder;
    std::uint64_t bytes;
  };

  History(std::filesystem::path directory, std::uint64_t byte_limit,
          std::function<void(const Event&)> report);

  /// Rows of a committed step. Reports what cannot be written.
  void append(const std::string& layer, const PackedRows& rows, std::int64_t epoch);
  /// The layer was not seen in a step: it is not kept for this snapshot.
  void spoil(const std::string& layer);
  /// Ends the snapshot.
  void close(std::int64_t epoch);
  /// The layer's rows at the first snapshot that was finite throughout, or null: a NaN that is kept
  /// as the start would leave its row out of every later snapshot.
  std::shared_ptr<RecordedRows> start(const std::string& layer) const;
  /// What is kept, in the order of the snapshots.
  const std::vector<Kept>& kept() const { return kept_; }
  /// Where a layer's file lies in a kept folder.
  static std::filesystem::path file_of(const Kept& kept, const std::string& layer);

 private:
  struct Open {
    std::unique_ptr<RecordedRowsWriter> writer;
    bool spoiled = false;
    std::uint64_t nonfinite_rows = 0;
  };

  std::filesystem::path folder_of_open() const;
  void thin(std::int64_t epoch);

  std::filesystem::path directory_;
  std::uint64_t byte_limit_;
  std::function<void(const Event&)> report_;
  std::uint64_t snapshots_ = 0;
  std::map<std::string, Open> open_;
  std::map<std::string, std::shared_ptr<RecordedRows>> start_;
  std::vector<Kept> kept_;
};

}  // namespace livecca
