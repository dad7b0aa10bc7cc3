#pragma once

#include <array>
#include <cmath>
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

/// One number of a run, as every sink receives it.
struct MeasureRow {
  std::int64_t epoch = 0;
  /// Calls of Monitor::training_step(). If there are none: train steps and snapshots so far.
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string layer;
  std::string reference;  ///< a network's name, "start", "before-K" or "final"
  /// Older rows.jsonl files lack this field; a pack is then read as a network.
  ReferenceKind reference_kind = ReferenceKind::network;
  std::string reference_layer;
  std::string measure;  ///< with its direction: "pwcca_distance", "linear_cka_similarity"
  Direction direction = Direction::similarity;  ///< of the measure, as its name says
  std::optional<double> value;
  std::optional<double> noise_floor;     ///< on the value's scale; empty if none is derived
  std::optional<double> standard_error;  ///< by the jackknife, if it was asked for
  /// See MeasureResult::p_value. Older rows lack it, and samples_needed.
  std::optional<double> p_value;
  std::optional<double> samples_needed;  ///< see samples_needed(); whole
  std::uint64_t samples = 0;
  double effective_samples = 0;
  double independent_samples = 0;  ///< see MeasureResult; older rows lack them: 0
  std::uint64_t samples_left_out = 0;
  std::array<std::size_t, 2> features{};
  std::array<std::size_t, 2> features_of_taps{};  ///< before a wide tap was cut
  std::array<std::size_t, 2> ranks{};
  std::string window;     ///< the samples that the moments remember: "probe", "since_snapshot", …
  std::string precision;  ///< "exact" or "fast"
  /// The modes of the trained network and of the reference: "eval" or "train". Those that the
  /// network ran in, as far as Monitor::Step::set_training_mode() told.
  std::array<std::string, 2> modes{"eval", "eval"};
  Status status = Status::missing;

  bool operator==(const MeasureRow&) const = default;
};

/// The difference between the train stream's number and the probe's at the same snapshot. The
/// weights change during a train window, so the train number contains this error. There is no row
/// if the windows hold unequal samples and the measure has no noise floor to tell what that makes.
struct DriftRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::string layer;
  std::string reference;
  std::string reference_layer;
  std::string measure;  ///< with its direction
  double probe = 0;
  double train = 0;
  std::optional<double> probe_noise_floor;  ///< older rows lack them
  std::optional<double> train_noise_floor;

  double drift() const { return train - probe; }
  /// How large a drift the windows' unequal sizes alone may make: the difference of the noise
  /// floors. With fewer samples all layers score nearer by chance. Empty without both floors.
  std::optional<double> of_sizes() const {
    if (!probe_noise_floor || !train_noise_floor) return std::nullopt;
    return std::abs(*train_noise_floor - *probe_noise_floor);
  }
  /// Whether the sizes alone may be the reason. Tables mark such drifts "~". False without both
  /// floors.
  bool is_explained_by_sizes() const {
    const auto most = of_sizes();
    return most && *most > 0 && std::abs(drift()) <= *most;
  }

  bool operator==(const DriftRow&) const = default;
};

/// How many snapshots back a layer's own motion is measured.
inline constexpr std::array<std::size_t, 2> motion_lags{1, 4};

/// Says in one word what a layer is doing: one verdict a layer and snapshot of the probe, from its
/// own motion, and alarms while they last. See docs/verdicts.md.
struct VerdictRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string layer;
  /// "moving", "wandering", "settled" or "undecided"; alarms: "best_match_elsewhere", "dead",
  /// "collapsing" or "exploding".
  std::string verdict;
  std::string reference;        ///< of "best_match_elsewhere" only; in older rows, of all
  std::string reference_layer;  ///< of "best_match_elsewhere": the layer that matches best
  std::string measure;          ///< that the motion is measured by; of alarms, that they rest on
  std::optional<std::int64_t> since_epoch;  ///< for "settled": since when it is said
  /// The distance to the snapshot before, an epoch; de-biased for the probe's size, as all
  /// distances here: what unrelated data would have is 1.
  std::optional<double> speed;
  /// How the distance grows with the lag: 2 straight on, 1 as a random walk, near 0 about a place.
  std::optional<double> exponent;
  std::optional<double> remaining;      ///< forecast of the distance to where the layer ends
  std::optional<double> remaining_low;  ///< of the interval that has it in 80 % of all cases
  std::optional<double> remaining_high;
  /// The epoch at which the layer is expected to be called settled, and the interval that has it in
  /// 80 % of all cases. Empty unless 7 of 10 of the run's earlier expectations came true, of at
  /// least 8.
  std::optional<double> settling_epoch;
  std::optional<double> settling_epoch_low;
  std::optional<double> settling_epoch_high;
  /// The distances to the snapshots motion_lags before; empty where there is none.
  std::array<std::optional<double>, motion_lags.size()> moved{};
  std::size_t snapshots = 0;  ///< that the verdict rests on
  /// For "undecided" because the probe is too small: about how many images would do. Older rows
  /// lack it.
  std::optional<double> samples_needed;
  /// The learning rate when the verdict was said, as it was logged last. Empty of alarms, and if
  /// none was logged. Older rows lack it.
  std::optional<double> learning_rate;
  std::string message;          ///< one line for people; empty if the verdict says it all
  std::optional<double> slope;  ///< older rows only: see DirectionRow
  std::optional<double> slope_error;
  std::string error_source;

  bool operator==(const VerdictRow&) const = default;
};

/// Whether the row tells of something wrong, and is no verdict on the layer's motion.
inline bool is_alarm(const VerdictRow& row) {
  return row.verdict != "moving" && row.verdict != "wandering" && row.verdict != "settled" &&
         row.verdict != "undecided";
}

/// Says in one word whether a layer comes nearer to a reference: one row a layer and reference that
/// does not change, and snapshot.
struct DirectionRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string layer;
  std::string reference;
  std::string reference_layer;
  std::string measure;  ///< with its direction
  /// "nearing", "leaving", "keeping" its distance, or "undecided": too few snapshots, or nothing
  /// that can be told from unrelated data.
  std::string direction;
  std::optional<double> slope;  ///< change of the value per snapshot
  std::optional<double> slope_error;
  std::string error_source;   ///< the larger of "jackknife" and "residuals"; empty without an error
  std::size_t snapshots = 0;  ///< the number of snapshots in the slope's fit

  bool operator==(const DirectionRow&) const = default;
};

/// How often the verdicts of a run came true: each held against the distance between the layer then
/// and at the end of the run. All counts are of snapshots before the last one.
struct VerdictRecordRow {
  std::int64_t epoch = 0;  ///< of the end
  std::uint64_t step = 0;
  std::string layer;            ///< empty: all layers together
  double tolerance = 0;         ///< that `settled` promised
  std::uint64_t settled = 0;    ///< at which it was said
  std::uint64_t held = 0;       ///< of these, the layer ended within the tolerance
  std::uint64_t early = 0;      ///< it did not
  std::uint64_t overtaken = 0;  ///< nor can it be told: the learning rate jumped, and it left
  /// At which it was not said, though it would have held from then on to the end.
  std::uint64_t late = 0;
  std::uint64_t intervals = 0;             ///< of the remaining distance, without those overtaken
  std::uint64_t intervals_held = 0;        ///< of these, they had the distance to the end
  std::uint64_t settling_epochs = 0;       ///< that were expected, and had come or gone by the end
  std::uint64_t settling_epochs_held = 0;  ///< of these, their interval had the epoch

  bool operator==(const VerdictRecordRow&) const = default;
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
  std::size_t features_of_tap = 0;  ///< before a wide tap was cut
  std::size_t dead = 0;             ///< neurons that did not vary
  std::size_t rank = 0;
  std::optional<double> effective_rank;
  std::optional<double> condition;
  std::optional<double> root_mean_square;  ///< of all activations; empty without samples
  std::string dtype;                       ///< of the activations; empty if not known
  std::uint64_t samples = 0;
  double effective_samples = 0;
  std::uint64_t samples_left_out = 0;   ///< because this tap or another one was not finite
  std::uint64_t samples_nonfinite = 0;  ///< because this tap was not finite

  bool operator==(const LayerRow&) const = default;
};

/// Something that cost numbers or may explain them. The first event of a kind and subject is
/// reported, and so is one with another reason: its message differs in more than numbers. Others
/// are counted, and the counts are written when the run ends.
struct Event {
  std::int64_t epoch = 0;
  std::string
      what;  ///< e.g. "missing", "shape_changed", "rows_differ", "nonfinite", "write_failed"
  std::string subject;  ///< the tap, pair or file
  std::string message;  ///< one line: what, where, what was expected
  std::uint64_t count = 1;

  bool operator==(const Event&) const = default;
};

/// Describes a run. Written when the run begins, and again at the next snapshot after new taps
/// came.
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
  std::string instructions;         ///< of products: "baseline", "avx2" or "avx512"
  std::size_t max_features = 0;     ///< 0: no tap is cut
  std::uint64_t feature_seed = 0;   ///< chooses the features that wider taps keep
  std::size_t error_blocks = 0;     ///< 0: no standard errors
  std::uint64_t moments_bytes = 0;  ///< for one stream, of the taps whose shape is known
  std::string pairing;              ///< of layers with layers of other networks
  std::string train_window;         ///< the samples that the train stream's moments remember
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

/// The cost of watching since the snapshot before.
struct OverheadRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  double observe_seconds = 0;     ///< time of training threads in observe() and commit()
  double wait_seconds = 0;        ///< time of training threads waiting for a place in the queue
  double reference_seconds = 0;   ///< time of training threads given to add_reference_time()
  double accumulate_seconds = 0;  ///< time of livecca's first thread
  double solve_seconds = 0;       ///< time of livecca's second thread
  /// Time of training itself, measured by training_step(); empty if it was never called.
  std::optional<double> training_seconds;
  /// Of the training threads' time, the share that watching took, in [0, 1]; the probe's passes are
  /// left out. Both times are its seconds plus training_seconds. livecca's own threads, which work
  /// beside training, count only if options.synchronous is set.
  std::optional<double> share;
  std::uint64_t train_steps_observed = 0;
  std::uint64_t train_steps_dropped = 0;  ///< because the queue was full
  std::uint64_t observe_every = 0;        ///< 0: the schedule alone decides
  double images_share = 1;                ///< the share of a train step's images that is used
  std::uint64_t lines_lost = 0;           ///< lines of rows.jsonl lost so far
  std::uint64_t resumes = 0;              ///< how often the run was resumed

  bool operator==(const OverheadRow&) const = default;
};

/// A number of the user's own, for example a loss.
struct LogRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::string name;
  double value = 0;

  bool operator==(const LogRow&) const = default;
};

/// The version of rows.jsonl. It changes if readers of the version before would misread a line.
inline constexpr int rows_schema = 1;

/// Writes a row as one line of JSON, without the line feed. `run` is the run's name, `wall_time` is
/// in Unix seconds. A number that is not finite becomes null.
LIVECCA_EXPORT std::string to_json(const MeasureRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const DriftRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const VerdictRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const VerdictRecordRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const DirectionRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const SpectrumRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const LayerRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const Event& event, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const RunRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const OverheadRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const LogRow& row, const std::string& run, double wall_time);

}  // namespace livecca
