#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "livecca/sinks/sink.hpp"
#include "livecca/sinks/tensorboard.hpp"
#include "sinks/tensorboard/curve_parts.hpp"
#include "sinks/tensorboard/event_messages.hpp"
#include "sinks/tensorboard/floor_lines.hpp"
#include "sinks/tensorboard/picture/heatmap.hpp"
#include "sinks/tensorboard/tags.hpp"
#include "sinks/tensorboard/verdict_marks.hpp"

namespace livecca {

/// What all streams' events are made with.
struct RunFacts {
  std::string run;
  MeasureNumbers measures;
  std::string headline_measure;  ///< with its direction; empty if it is not known
  Direction headline_direction = Direction::similarity;
  bool pairs_all_with_all = false;
  std::vector<std::string> layers;  ///< of the trained network, in the order of its taps
  TensorBoardAxis axis = TensorBoardAxis::step;

  std::int64_t place_of(std::int64_t epoch, std::uint64_t step) const {
    return axis == TensorBoardAxis::epoch ? epoch : static_cast<std::int64_t>(step);
  }
};

/// What one of TensorBoard's runs has at a place on its axis. The run is one of the stream's
/// folder; without a name, the stream itself.
struct PlacedSummary {
  std::string run;
  std::int64_t step = 0;
  SummaryMessage summary;
};

/// The numbers that a snapshot has for TensorBoard's runs.
struct RunSummaries {
  std::map<std::string, SummaryMessage> of;
  FloorLines floors;

  void add(const std::string& run, const std::string& tag, std::optional<double> value);
};

/// The events of one stream, probe or train.
class StreamEvents {
 public:
  explicit StreamEvents(Stream stream) : stream_(stream) {}

  /// Rows of a run that is taken up again, in their order: no events, only what comes of them.
  void recall(const MeasureRow& row, const RunFacts& facts);
  void recall(const LayerRow& row, const RunFacts& facts);
  void recall(const VerdictRow& row);

  /// All that the snapshot has of this stream. Its step is that of the rows, or the next free one:
  /// TensorBoard drops the earlier of two values at one step, and all later ones when steps go
  /// back.
  std::vector<PlacedSummary> snapshot(const SnapshotRows& rows, const RunFacts& facts);
  /// The run's last rows, a summary for each kept snapshot and run, run by run, and one with the
  /// pictures.
  std::vector<PlacedSummary> final_report(const SnapshotRows& rows, const RunFacts& facts);
  /// Pictures that wait until their last column is full; nothing if there are none.
  std::optional<PlacedSummary> last_pictures(const RunFacts& facts);

  /// The first step that no snapshot has so far.
  std::int64_t next_step() const { return last_step_ ? *last_step_ + 1 : 0; }

 private:
  using Snapshot = std::pair<std::int64_t, std::uint64_t>;  // epoch and step, which rise together
  using PictureKey = std::pair<std::string, std::string>;   // measure and reference

  std::int64_t take_step(std::int64_t wanted);
  void recall_snapshot(std::int64_t epoch, std::uint64_t step, std::string row,
                       const RunFacts& facts);
  /// The tag of a number, and the ending of its run's name.
  std::pair<std::string, std::string> place_of(const MeasureRow& row, const PairPlace& pair,
                                               const RunFacts& facts);
  void add_number(const MeasureRow& row, const RunFacts& facts, RunSummaries& summaries);
  void add_spectrum(const SpectrumRow& row, const RunFacts& facts, RunSummaries& summaries) const;
  void add_health(const LayerRow& row, RunSummaries& summaries) const;
  void add_drift(const DriftRow& row, const RunFacts& facts, RunSummaries& summaries) const;
  void add_to_picture(const MeasureRow& row);
  /// A layer's own motion is its distance to the snapshot before. What the rows have of that goes
  /// before.
  void add_to_pictures(const VerdictRow& row);
  void draw_picture(const PictureKey& key, const Heatmap& heatmap, const RunFacts& facts,
                    SummaryMessage& summary) const;
  SummaryMessage final_overview(const SnapshotRows& rows, const RunFacts& facts);
  void write_verdicts(const SnapshotRows& rows, const RunFacts& facts, SummaryMessage& summary);

  Stream stream_;
  std::optional<std::int64_t> last_step_;
  std::map<PictureKey, Heatmap> pictures_;
  std::set<PictureKey> pictures_begun_;  // for the snapshot at hand
  CurveParts parts_;
  VerdictMarks marks_;
  Snapshot recalled_;                    // epoch and step of the snapshot recalled last
  std::set<std::string> recalled_rows_;  // of that snapshot
};

}  // namespace livecca
