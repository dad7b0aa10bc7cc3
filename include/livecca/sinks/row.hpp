#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/measures/direction.hpp"
#include "livecca/measures/status.hpp"
#include "livecca/sinks/reference.hpp"
#include "livecca/sinks/stream.hpp"

namespace livecca {

/// One number of a run, as it stands in every sink.
struct MeasureRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;  ///< calls of Monitor::training_step(); if none, steps committed
  Stream stream = Stream::probe;
  std::string layer;
  std::string reference;  ///< a network's name, "start", "before-K" or "final"
  /// In rows that were written before there was this field, a pack is a network.
  ReferenceKind reference_kind = ReferenceKind::network;
  std::string reference_layer;
  std::string measure;  ///< with its direction: "pwcca_distance", "linear_cka_similarity"
  Direction direction = Direction::similarity;  ///< of the measure, as its name says
  std::optional<double> value;
  std::optional<double> noise_floor;     ///< on the value's scale; empty where none is derived
  std::optional<double> standard_error;  ///< by the jackknife, if it was asked for
  std::uint64_t samples = 0;
  double effective_samples = 0;
  std::uint64_t samples_left_out = 0;
  std::array<std::size_t, 2> features{};
  std::array<std::size_t, 2> features_of_taps{};  ///< before they were cut to a choice
  std::array<std::size_t, 2> ranks{};
  std::string window;     ///< what the moments remember: "probe", "since_snapshot", …
  std::string precision;  ///< "exact" or "fast"
  /// What the networks ran in, "eval" or "train": the trained side, the reference.
  std::array<std::string, 2> modes{"eval", "eval"};
  Status status = Status::missing;

  bool operator==(const MeasureRow&) const = default;
};

/// How far the train stream's number is from the probe's of the same snapshot. The weights move
/// under the train stream, so this is what to take off its numbers.
struct DriftRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::string layer;
  std::string reference;
  std::string reference_layer;
  std::string measure;  ///< with its direction
  double probe = 0;
  double train = 0;

  double drift() const { return train - probe; }

  bool operator==(const DriftRow&) const = default;
};

/// What a layer is doing, in a word.
struct VerdictRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string layer;
  /// "moving", "settled", "undecided" (too few snapshots, or nothing above the noise floor),
  /// "best_match_elsewhere", "dead" or "exploding".
  std::string verdict;
  std::string reference;        ///< empty of a verdict on the layer alone
  std::string reference_layer;  ///< of "best_match_elsewhere", the layer that matches best
  std::string measure;          ///< with its direction; empty of a verdict on the layer alone
  std::optional<std::int64_t> since_epoch;  ///< of "settled": it has not moved since
  std::optional<double> slope;              ///< change of the value per snapshot
  std::optional<double> slope_error;
  std::string error_source;   ///< "jackknife" or "residuals", the larger; empty without an error
  std::size_t snapshots = 0;  ///< that the slope was fitted through
  std::string message;        ///< one line for people; empty of moving, settled and undecided

  bool operator==(const VerdictRow&) const = default;
};

/// The canonical correlations of a pair and their projection weights.
struct SpectrumRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string layer;
  std::string reference;
  std::string reference_layer;
  std::vector<double> canonical_correlations;
  std::vector<double> weights;
  Status status = Status::missing;

  bool operator==(const SpectrumRow&) const = default;
};

/// The health of one tap.
struct LayerRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string network;
  std::string layer;
  std::size_t features = 0;
  std::size_t features_of_tap = 0;  ///< before it was cut to a choice
  std::size_t dead = 0;             ///< neurons that did not vary
  std::size_t rank = 0;
  std::optional<double> effective_rank;
  std::optional<double> condition;
  std::optional<double> root_mean_square;  ///< of all activations; empty without samples
  std::uint64_t samples = 0;
  double effective_samples = 0;
  std::uint64_t samples_left_out = 0;   ///< because this tap or another was not finite there
  std::uint64_t samples_nonfinite = 0;  ///< of this tap itself, those that came

  bool operator==(const LayerRow&) const = default;
};

/// Something that cost numbers or may explain them. The first of its kind and subject is reported;
/// later ones are counted, and the counts written when the run ends.
struct Event {
  std::int64_t epoch = 0;
  std::string
      what;  ///< e.g. "missing", "shape_changed", "rows_differ", "nonfinite", "write_failed"
  std::string subject;  ///< the tap, pair or file
  std::string message;  ///< one line: what, where, what was expected
  std::uint64_t count = 1;

  bool operator==(const Event&) const = default;
};

/// What a run is; written when it begins, and at the next snapshot whenever there are more taps.
struct RunRow {
  std::string version;  ///< of livecca
  std::string network;
  std::vector<std::string> measures;
  double keep_variance = 0;
  double partial_whitening_alpha = 0;
  std::size_t positions_per_image = 0;  ///< 0: all
  std::uint64_t seed = 0;
  int threads = 0;
  std::string precision;            ///< "exact" or "fast"
  std::size_t max_features = 0;     ///< 0: no tap is cut
  std::uint64_t feature_seed = 0;   ///< of the choice that wider taps are cut to
  std::size_t error_blocks = 0;     ///< 0: no standard errors
  std::uint64_t moments_bytes = 0;  ///< of the taps whose shape is known, of one stream
  std::string pairing;              ///< of layers with other networks' layers
  std::string train_window;         ///< what the train stream's moments remember
  std::string probe_schedule;
  std::string train_schedule;
  double overhead_budget = 0;  ///< 0: none
  bool synchronous = false;
  std::vector<std::pair<std::string, std::string>> packs;  ///< recorded references: name, file
  std::vector<std::pair<std::string, std::string>> notes;
  struct Tap {
    std::string network;
    std::string layer;
    std::string layout;

    bool operator==(const Tap&) const = default;
  };
  std::vector<Tap> taps;

  bool operator==(const RunRow&) const = default;
};

/// What the watching cost since the snapshot before.
struct OverheadRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  double observe_seconds = 0;     ///< of the training threads, in observe() and commit()
  double wait_seconds = 0;        ///< of the training threads, for a place in the queue
  double reference_seconds = 0;   ///< of the training threads, in references' passes, where told
  double accumulate_seconds = 0;  ///< of livecca's own thread
  double solve_seconds = 0;       ///< of livecca's other thread
  /// Training's own, as training_step() measured it; empty if it was never called.
  std::optional<double> training_seconds;
  /// What watching took, beside the probe's passes, over training_seconds.
  std::optional<double> share;
  std::uint64_t train_steps_observed = 0;
  std::uint64_t train_steps_dropped = 0;  ///< found the queue full
  std::uint64_t observe_every = 0;        ///< 0: the schedule alone decides
  double images_share = 1;                ///< of a train step's images that are looked at
  std::uint64_t lines_lost = 0;           ///< of the run's rows so far
  std::uint64_t resumes = 0;              ///< times the run was taken up again

  bool operator==(const OverheadRow&) const = default;
};

/// A named number of the user's own: loss, accuracy.
struct LogRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::string name;
  double value = 0;

  bool operator==(const LogRow&) const = default;
};

/// The version of rows.jsonl. It changes when readers of the version before would misread a line.
inline constexpr int rows_schema = 1;

/// One line of JSON without the line feed. `run` is the run's name and `wall_time` Unix seconds. A
/// number that is not finite becomes null.
LIVECCA_EXPORT std::string to_json(const MeasureRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const DriftRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const VerdictRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const SpectrumRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const LayerRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const Event& event, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const RunRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const OverheadRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const LogRow& row, const std::string& run, double wall_time);

}  // namespace livecca
