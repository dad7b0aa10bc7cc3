#include "verdicts/layer_alarms.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/number_text.hpp"
#include "livecca/activations/activation_view.hpp"

namespace livecca {
namespace {

/// Squares of float32 and bfloat16, as norms and variances take them, overflow at 1.8e19.
constexpr double near_overflow = 1e18;
/// A tenth of the largest number of float16: single values are often ten times as large as the root
/// mean square.
constexpr double near_overflow_of_float16 = 6550;

bool is_distance(const MeasureRow& row) { return row.direction == Direction::distance; }

/// A floor is of a similarity or of 1 − similarity.
double similarity(const MeasureRow& row, double value) {
  return is_distance(row) ? 1 - value : value;
}

/// Of 1,000 layers that are unrelated to all layers of the reference, one may have such an alarm.
constexpr double chance_of_alarm = 0.001;

bool has_usable_floor(const MeasureRow& row) {
  return row.noise_floor && similarity(row, *row.noise_floor) < 1;
}

/// Scores of one layer's matches, comparable with one another: larger is closer. Linear in the
/// value.
class MatchScores {
 public:
  explicit MatchScores(bool above_floor) : above_floor_(above_floor) {}

  double score(const MeasureRow& row) const {
    if (!above_floor_) return is_distance(row) ? -*row.value : *row.value;
    return (similarity(row, *row.value) - similarity(row, *row.noise_floor)) * scale(row);
  }

  /// Of the difference of two scores; empty where nothing is known of it.
  std::optional<double> error_of_difference(const LayerMatch& a, const LayerMatch& b) const {
    if (a.halves.size() == b.halves.size() && !a.halves.empty()) {
      // Whether halves are of the similarity or of the distance turns all signs alike.
      std::vector<HalfValue> differences(a.halves.begin(), a.halves.end());
      for (std::size_t h = 0; h < differences.size(); ++h) {
        differences[h].value =
            a.halves[h].value * scale(*a.row) - b.halves[h].value * scale(*b.row);
      }
      return jackknife_error(differences);
    }
    if (!a.row->standard_error || !b.row->standard_error) return std::nullopt;
    return std::hypot(*a.row->standard_error * scale(*a.row),
                      *b.row->standard_error * scale(*b.row));
  }

 private:
  double scale(const MeasureRow& row) const {
    return above_floor_ ? 1 / (1 - similarity(row, *row.noise_floor)) : 1;
  }

  bool above_floor_;
};

VerdictRow row_of(const LayerRow& layer, const char* verdict, std::string message) {
  VerdictRow row;
  row.epoch = layer.epoch;
  row.step = layer.step;
  row.stream = layer.stream;
  row.layer = layer.layer;
  row.verdict = verdict;
  row.message = std::move(message);
  return row;
}

VerdictRow match_row(const MeasureRow& best, const MeasureRow& own) {
  VerdictRow row;
  row.epoch = best.epoch;
  row.step = best.step;
  row.stream = best.stream;
  row.layer = best.layer;
  row.verdict = "best_match_elsewhere";
  row.reference = best.reference;
  row.reference_layer = best.reference_layer;
  row.measure = best.measure;
  row.message = "matches " + best.reference_layer + " of " + best.reference +
                " best: " + best.measure + ' ' + number_text(*best.value) + ", and " +
                number_text(*own.value) + " with its own name";
  return row;
}

}  // namespace

std::optional<VerdictRow> match_alarm(std::span<const LayerMatch> matches,
                                      const VerdictOptions& options) {
  std::vector<LayerMatch> known;
  for (const LayerMatch& match : matches) {
    if (match.row->value && std::isfinite(*match.row->value)) known.push_back(match);
  }
  const auto own = std::ranges::find_if(known, [](const LayerMatch& match) {
    return match.row->reference_layer == match.row->layer;
  });
  if (own == known.end() || known.size() < 2) return std::nullopt;
  const MatchScores scores(std::ranges::all_of(
      known, [](const LayerMatch& match) { return has_usable_floor(*match.row); }));
  const auto best = std::ranges::max_element(
      known, {}, [&](const LayerMatch& match) { return scores.score(*match.row); });
  if (is_like_unrelated(best->row->direction, best->row->value, best->row->noise_floor,
                        best->row->p_value, known.size(), chance_of_alarm)) {
    return std::nullopt;
  }
  const double better_by = scores.score(*best->row) - scores.score(*own->row);
  const double error = scores.error_of_difference(*best, *own).value_or(0);
  if (better_by <= options.least_change || better_by <= 2 * error) return std::nullopt;
  return match_row(*best->row, *own->row);
}

std::optional<VerdictRow> dead_alarm(const LayerRow& layer, const DeadCourse& course,
                                     const VerdictOptions& options) {
  if (layer.features == 0 || has_too_few_samples(layer) || !course.fewest) return std::nullopt;
  const auto features = static_cast<double>(layer.features);
  const auto dead = static_cast<double>(layer.dead);
  const auto fewest = static_cast<double>(*course.fewest);
  const bool is_all = layer.dead == layer.features;
  const bool is_so_at_first = course.is_first && dead >= options.dead_share * features;
  const bool is_dying = dead > fewest && dead - fewest >= options.dead_share * (features - fewest);
  if (!is_all && !is_so_at_first && !is_dying) return std::nullopt;
  std::string message =
      std::to_string(layer.dead) + " of " + std::to_string(layer.features) + " neurons do not vary";
  if (course.is_first) {
    message += ", from the first snapshot on";
  } else if (*course.fewest > 0) {
    message += ", of which " + std::to_string(*course.fewest) + " never did";
  }
  return row_of(layer, "dead", message + ", rank " + std::to_string(layer.rank));
}

std::optional<VerdictRow> collapsing_alarm(const LayerRow& layer, const RankCourse& course) {
  if (!layer.effective_rank || !course.is_collapsing()) return std::nullopt;
  return row_of(layer, "collapsing",
                "effective rank " + number_text(*layer.effective_rank) + ", and " +
                    number_text(course.level.value_or(0)) + " when the loss was lowest");
}

std::optional<VerdictRow> exploding_alarm(const LayerRow& layer, const GrowthCourse& course,
                                          const VerdictOptions& options) {
  std::string message;
  if (layer.root_mean_square && course.exploded_from) {
    message = "root mean square " + number_text(*layer.root_mean_square) + ", " +
              number_text(*layer.root_mean_square / *course.exploded_from) +
              " times the highest before, " + number_text(*course.exploded_from);
  } else if (course.exploded_from && !layer.root_mean_square && layer.samples > 0) {
    message = "root mean square is not finite, after it left " + number_text(*course.exploded_from);
  } else if (layer.root_mean_square && *layer.root_mean_square > near_overflow) {
    message = "root mean square " + number_text(*layer.root_mean_square) +
              ", its square is near the largest number of float32";
  } else if (layer.root_mean_square && layer.dtype == name_of(DType::float16) &&
             *layer.root_mean_square > near_overflow_of_float16) {
    message = "root mean square " + number_text(*layer.root_mean_square) +
              ", near the largest number of float16, 65,504";
  }
  // Its own: others' rows that are not finite take these rows along. A layer that left because of
  // them has no samples at all.
  const std::uint64_t seen =
      std::max(layer.samples + layer.samples_left_out, layer.samples_nonfinite);
  if (static_cast<double>(layer.samples_nonfinite) >
      options.nonfinite_share * static_cast<double>(seen)) {
    if (!message.empty()) message += "; ";
    message += std::to_string(layer.samples_nonfinite) + " of " + std::to_string(seen) +
               " samples are not finite";
  }
  if (message.empty()) return std::nullopt;
  return row_of(layer, "exploding", std::move(message));
}

}  // namespace livecca
