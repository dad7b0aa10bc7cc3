#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/measures/status.hpp"

namespace livecca {

/// One number of a run, as it stands in every sink.
struct MeasureRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;  ///< steps committed since the run began
  std::string stream;      ///< "probe"
  std::string layer;
  std::string reference;  ///< a network's name, "start" or "final"
  std::string reference_layer;
  std::string measure;  ///< with its direction: "pwcca_distance", "linear_cka_similarity"
  std::optional<double> value;
  std::optional<double> noise_floor;     ///< on the value's scale; empty where none is derived
  std::optional<double> standard_error;  ///< by the jackknife, if it was asked for
  std::uint64_t samples = 0;
  double effective_samples = 0;
  std::uint64_t samples_left_out = 0;
  std::array<std::size_t, 2> features{};
  std::array<std::size_t, 2> features_of_taps{};  ///< before they were cut to a choice
  std::array<std::size_t, 2> ranks{};
  std::string window;     ///< what the moments remember: "probe"
  std::string precision;  ///< "exact" or "fast"
  Status status = Status::missing;
};

/// The canonical correlations of a pair and their projection weights.
struct SpectrumRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::string stream;
  std::string layer;
  std::string reference;
  std::string reference_layer;
  std::vector<double> canonical_correlations;
  std::vector<double> weights;
  Status status = Status::missing;
};

/// The health of one tap.
struct LayerRow {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::string stream;
  std::string network;
  std::string layer;
  std::size_t features = 0;
  std::size_t features_of_tap = 0;  ///< before it was cut to a choice
  std::size_t dead = 0;             ///< neurons that did not vary
  std::size_t rank = 0;
  std::optional<double> effective_rank;
  std::optional<double> condition;
  std::uint64_t samples = 0;
  double effective_samples = 0;
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
};

/// What a run is; written when it begins, and once more with its taps at the first snapshot.
struct RunRow {
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
  std::uint64_t moments_bytes = 0;  ///< of the taps whose shape is known
  std::vector<std::pair<std::string, std::string>> notes;
  struct Tap {
    std::string network;
    std::string layer;
    std::string layout;
  };
  std::vector<Tap> taps;
};

/// What the watching cost since the snapshot before.
struct OverheadRow {
  std::int64_t epoch = 0;
  double observe_seconds = 0;  ///< of the training thread
  double wait_seconds = 0;     ///< of the training thread, for earlier solves
  double solve_seconds = 0;    ///< of the solver
};

/// A named number of the user's own: loss, accuracy.
struct LogRow {
  std::int64_t epoch = 0;
  std::string name;
  double value = 0;
};

/// One line of JSON without the line feed. `run` is the run's name and `wall_time` Unix seconds. A
/// number that is not finite becomes null.
LIVECCA_EXPORT std::string to_json(const MeasureRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const SpectrumRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const LayerRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const Event& event, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const RunRow& row, const std::string& run, double wall_time);
LIVECCA_EXPORT std::string to_json(const OverheadRow& row, const std::string& run,
                                   double wall_time);
LIVECCA_EXPORT std::string to_json(const LogRow& row, const std::string& run, double wall_time);

}  // namespace livecca
