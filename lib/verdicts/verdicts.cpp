#include "verdicts/verdicts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "livecca/common/error.hpp"
#include "livecca/measures/direction.hpp"
#include "verdicts/curve.hpp"
#include "verdicts/learning_rate.hpp"
#include "verdicts/median.hpp"

namespace livecca {
namespace {

/// The number that tells how a layer is doing against a reference, or null.
const LayerMatch* headline(const std::vector<LayerMatch>& matches) {
  for (const LayerMatch& match : matches) {
    if (match.row->reference_layer == match.row->layer) return &match;
  }
  return matches.size() == 1 ? &matches.front() : nullptr;
}

/// Whether none of the values can be told from that of independent data.
bool is_noise(const Curve& curve, Direction direction, double least_change) {
  return std::ranges::all_of(curve.points, [&](const CurvePoint& point) {
    if (!point.noise_floor) return false;
    const double above = direction == Direction::distance ? *point.noise_floor - point.value
                                                          : point.value - *point.noise_floor;
    return above <= std::max(least_change, 2 * point.standard_error.value_or(0));
  });
}

void remember(const LayerMatch& match, std::uint64_t snapshot, Curve& curve) {
  const MeasureRow& row = *match.row;
  if (!row.value || !std::isfinite(*row.value)) return;
  const auto finite = [](std::optional<double> value) {
    return value && std::isfinite(*value) ? value : std::nullopt;
  };
  CurvePoint point;
  point.snapshot = snapshot;
  point.epoch = row.epoch;
  point.value = *row.value;
  point.noise_floor = finite(row.noise_floor);
  point.standard_error = finite(row.standard_error);
  if (std::ranges::all_of(match.halves, [](const HalfValue& half) {
        return std::isfinite(half.value) && half.share > 0 && half.share < 1;
      })) {
    point.halves.assign(match.halves.begin(), match.halves.end());
  }
  curve.points.push_back(std::move(point));
}

void forget_before(std::uint64_t snapshot, Curve& curve) {
  std::erase_if(curve.points, [&](const CurvePoint& point) { return point.snapshot < snapshot; });
}

VerdictOptions checked(const VerdictOptions& options) {
  if (const auto valid = options.check(); !valid) throw Error(valid.why());
  return options;
}

}  // namespace

Verdicts::Verdicts(VerdictOptions options) : options_(checked(options)) {}

SnapshotVerdicts Verdicts::add(const SnapshotVerdictInput& snapshot) {
  const std::vector<Matches> all_matches = matches_in(snapshot);
  const std::uint64_t number = memory_.snapshots[snapshot.stream]++;
  SnapshotVerdicts said;
  std::vector<VerdictRow>& rows = said.verdicts;
  NewCurves anew;
  if (snapshot.stream == Stream::probe) judge_motions(snapshot, number, rows);
  for (const Matches& matches : all_matches) {
    if (const LayerMatch* match = headline(matches)) {
      said.directions.push_back(judge_curve(*match, number, anew));
    }
    if (auto alarm = match_alarm(matches, options_)) rows.push_back(std::move(*alarm));
  }
  LossCourse& loss = memory_.losses[snapshot.stream];
  loss.add(snapshot.loss);
  for (const LayerRow& layer : snapshot.layers) {
    if (layer.network == snapshot.network && layer.stream == snapshot.stream) {
      judge_layer(layer, loss, rows);
    }
  }
  const auto place = [&](auto& row) {
    row.epoch = snapshot.epoch;
    row.step = snapshot.step;
  };
  std::ranges::for_each(rows, place);
  std::ranges::for_each(said.directions, place);
  if (anew.count > 0) {
    said.begun_anew = anew.first + "; so " + std::to_string(anew.count) +
                      (anew.count == 1 ? " curve begins" : " curves begin") + " anew";
  }
  return said;
}

void Verdicts::judge_motions(const SnapshotVerdictInput& snapshot, std::uint64_t number,
                             std::vector<VerdictRow>& rows) {
  std::vector<double> slowings;
  for (const LayerMotion& motion : snapshot.motions) {
    MotionCourse& course = memory_.motions[motion.layer];
    remember(course, {.snapshot = number,
                      .epoch = snapshot.epoch,
                      .moved = motion.moved,
                      .is_told = motion.p_value && *motion.p_value < told_from_chance});
    if (const auto found = slowing(course.latest)) slowings.push_back(*found);
  }
  const auto jump = take_learning_rate(snapshot.learning_rate);
  NetworkCourse network{.slowing = median(slowings),
                        .rate_rose = jump && jump->now > jump->before,
                        .settlings = memory_.settlings};
  for (const LayerMotion& motion : snapshot.motions) {
    VerdictRow row = judge_motion(memory_.motions.at(motion.layer), network, options_);
    row.stream = snapshot.stream;
    row.layer = motion.layer;
    if (row.verdict == "undecided") row.samples_needed = motion.samples_needed;
    row.measure = motion_measure;
    row.learning_rate = snapshot.learning_rate;
    // A fall does not set off what stands still: each cosine ends with large ones.
    const bool matters = network.rate_rose || row.verdict != "settled";
    if (row.message.empty() && jump && matters) row.message = text_of(*jump);
    rows.push_back(std::move(row));
  }
  memory_.settlings = network.settlings;
}

std::optional<RateJump> Verdicts::take_learning_rate(std::optional<double> rate) {
  const std::optional<double> before = std::exchange(memory_.learning_rate, rate);
  if (rate && std::isfinite(*rate)) memory_.largest_rate = std::max(memory_.largest_rate, *rate);
  if (!before || !rate || !is_jump(*before, *rate, memory_.largest_rate)) return std::nullopt;
  return RateJump{*before, *rate};
}

std::vector<Verdicts::Matches> Verdicts::matches_in(const SnapshotVerdictInput& snapshot) const {
  if (!snapshot.halves.empty() && snapshot.halves.size() != snapshot.numbers.size()) {
    throw Error("verdicts: expected halves for each of " + std::to_string(snapshot.numbers.size()) +
                " numbers, got " + std::to_string(snapshot.halves.size()));
  }
  std::vector<Matches> found;
  std::map<std::pair<std::string, std::string>, std::size_t> place_of;
  for (std::size_t i = 0; i < snapshot.numbers.size(); ++i) {
    const MeasureRow& row = snapshot.numbers[i];
    if (row.measure != snapshot.measure || row.stream != snapshot.stream ||
        !stays_as_it_is(row.reference_kind)) {
      continue;
    }
    const auto [at, is_new] = place_of.try_emplace({row.layer, row.reference}, found.size());
    if (is_new) found.emplace_back();
    LayerMatch match{&row, {}};
    if (!snapshot.halves.empty()) match.halves = snapshot.halves[i];
    found[at->second].push_back(match);
  }
  return found;
}

DirectionRow Verdicts::judge_curve(const LayerMatch& match, std::uint64_t snapshot,
                                   NewCurves& anew) {
  const MeasureRow& number = *match.row;
  Curve& curve = memory_.curves[{number.stream, number.layer, number.reference,
                                 number.reference_layer, number.measure}];
  forget_before(snapshot + 1 - std::min<std::uint64_t>(options_.snapshots, snapshot + 1), curve);
  if (number.value) {
    const Conditions now = conditions_of(number);
    const std::string why = curve.conditions ? difference(*curve.conditions, now) : "";
    if (!why.empty() && now.features == curve.conditions->features && anew.count++ == 0) {
      anew.first = number.layer + " to " + number.reference + ": " + why;
    }
    if (!why.empty()) curve.points.clear();
    if (!why.empty() || !curve.conditions) curve.conditions = now;
  }
  remember(match, snapshot, curve);
  DirectionRow row;
  row.stream = number.stream;
  row.layer = number.layer;
  row.direction = "undecided";
  row.reference = number.reference;
  row.reference_layer = number.reference_layer;
  row.measure = number.measure;
  row.snapshots = curve.points.size();
  const std::optional<Slope> slope = fit_slope(curve.points);
  // Of a layer without a number now nothing is known.
  if (slope && number.value) {
    row.slope = slope->per_snapshot;
    row.slope_error = slope->error();
    row.error_source = slope->is_jackknife() ? "jackknife" : "residuals";
    if (!is_noise(curve, number.direction, options_.least_change)) {
      const bool is_moving = std::abs(slope->per_snapshot) > 2 * slope->error() &&
                             std::abs(slope->change) > options_.least_change;
      const bool grows = slope->per_snapshot > 0;
      const bool is_nearer = grows == (number.direction == Direction::similarity);
      row.direction = !is_moving ? "keeping" : is_nearer ? "nearing" : "leaving";
    }
  }
  return row;
}

void Verdicts::judge_layer(const LayerRow& layer, const LossCourse& loss,
                           std::vector<VerdictRow>& rows) {
  LayerCourse& course = memory_.layers[{layer.stream, layer.layer}];
  course.add(layer, loss, options_.exploding_growth);
  const auto tell = [&](std::optional<VerdictRow> alarm) {
    if (alarm) rows.push_back(std::move(*alarm));
  };
  tell(dead_alarm(layer, course.dead, options_));
  tell(collapsing_alarm(layer, course.rank));
  tell(exploding_alarm(layer, course.growth, options_));
}

Result<void> Verdicts::restore(const std::string& state) {
  auto memory = verdict_memory_from(state);
  if (!memory) return Failure{memory.why()};
  memory_ = *std::move(memory);
  return {};
}

}  // namespace livecca
