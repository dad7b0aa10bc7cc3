#include "verdicts/layer_course.hpp"

#include <algorithm>
#include <cmath>

#include "sinks/conditions.hpp"
#include "verdicts/median.hpp"

namespace livecca {
namespace {

constexpr double too_few_samples = 3;

/// The loss has fallen once it is lower than the first by this share of it.
constexpr double fallen_share = 0.1;

constexpr double least_rise = 1.25;
constexpr double slowing_down = 0.6;
/// Healthy layers grew 43 times within their first epoch, and on.
constexpr int power_from_random = 4;

constexpr double collapsed_share = 0.5;
constexpr std::size_t low_snapshots = 2;

/// With ten samples a feature or more, the effective rank hardly depends on their number.
constexpr double enough_a_feature = 10;

bool ranks_are_unlike(double samples, const LayerRow& row) {
  const double fewer = std::min(samples, row.effective_samples);
  return !is_same_size(samples, row.effective_samples) &&
         fewer < enough_a_feature * static_cast<double>(row.features);
}

}  // namespace

void LossCourse::add(std::optional<double> loss) {
  had_fallen = has_fallen();
  is_known = loss.has_value();
  is_new_lowest = false;
  if (!loss || !std::isfinite(*loss)) return;
  if (!first) {
    first = lowest = loss;
  } else if (*loss < *lowest) {
    lowest = loss;
    is_new_lowest = true;
  }
}

bool LossCourse::has_fallen() const {
  return first && *lowest <= *first - fallen_share * std::abs(*first) && *lowest < *first;
}

void GrowthCourse::add(double root_mean_square, const LossCourse& loss, double exploding_growth) {
  // A layer that says nothing for a while would explode with its next activation.
  if (!(root_mean_square > 0) || !std::isfinite(root_mean_square)) return;
  if (last) {
    const double rise = std::log(root_mean_square / *last);
    const double mean_rise = rises > 0 ? std::log(*last / start) / static_cast<double>(rises) : 0;
    if (rise < std::log(least_rise)) {
      rises = 0;
    } else if (rises == 0 || rise < slowing_down * mean_rise) {
      rises = 1;
      start = *last;
      level = highest;
      from_random = !loss.had_fallen;
    } else {
      ++rises;
    }
  }
  last = root_mean_square;
  highest = std::max(highest, root_mean_square);
  if (exploded_from &&
      (root_mean_square < exploding_growth * *exploded_from || loss.is_new_lowest)) {
    exploded_from.reset();
  }
  if (!exploded_from && has_exploded(loss, exploding_growth)) exploded_from = level;
}

bool GrowthCourse::has_exploded(const LossCourse& loss, double exploding_growth) const {
  if (rises == 0 || loss.is_new_lowest) return false;
  if (from_random || !loss.is_known) {
    return *last >= std::pow(exploding_growth, power_from_random) * level;
  }
  return *last >= (rises > 1 ? exploding_growth : exploding_growth * exploding_growth) * level;
}

void RankCourse::add(std::optional<double> effective_rank, const LossCourse& loss) {
  if (!effective_rank || !std::isfinite(*effective_rank)) {
    low = 0;  // of a layer all of whose neurons are dead, which is told
    return;
  }
  // Whether the loss fell meanwhile is not known yet.
  if (!loss.is_known) return;
  recent.push_back(*effective_rank);
  if (recent.size() > most_recent_ranks) recent.erase(recent.begin());
  if (loss.is_new_lowest) {
    low = 0;
    if (loss.has_fallen()) level = median(recent);
  } else if (level) {
    low = *effective_rank <= collapsed_share * *level ? low + 1 : 0;
  }
}

bool RankCourse::is_collapsing() const { return low >= low_snapshots; }

void DeadCourse::add(std::size_t dead) {
  is_first = !fewest;
  fewest = std::min(fewest.value_or(dead), dead);
}

void LayerCourse::add(const LayerRow& row, const LossCourse& loss, double exploding_growth) {
  // A layer without features could not be solved.
  if (row.features > 0 && row.features != features) {
    *this = {};
    features = row.features;
  }
  if (row.root_mean_square) growth.add(*row.root_mean_square, loss, exploding_growth);
  if (row.features == 0 || has_too_few_samples(row)) return;
  if (samples > 0 && ranks_are_unlike(samples, row)) {
    rank = {};
    samples = 0;
  }
  if (samples == 0) samples = row.effective_samples;
  rank.add(row.effective_rank, loss);
  dead.add(row.dead);
}

bool has_too_few_samples(const LayerRow& row) { return row.effective_samples <= too_few_samples; }

}  // namespace livecca
