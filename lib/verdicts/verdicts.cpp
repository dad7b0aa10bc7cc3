#include "verdicts/verdicts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "livecca/common/error.hpp"
#include "verdicts/curve.hpp"

namespace livecca {
namespace {

/// An earlier snapshot of the network moves along with it; the final state is compared once.
bool stays_as_it_is(ReferenceKind reference) {
  return reference != ReferenceKind::final && reference != ReferenceKind::before;
}

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

std::vector<VerdictRow> Verdicts::add(const SnapshotVerdictInput& snapshot) {
  const std::vector<Matches> all_matches = matches_in(snapshot);
  const std::uint64_t number = memory_.snapshots[snapshot.stream]++;
  std::vector<VerdictRow> rows;
  for (const Matches& matches : all_matches) {
    if (const LayerMatch* match = headline(matches)) rows.push_back(judge_curve(*match, number));
    if (auto alarm = match_alarm(matches, options_)) rows.push_back(std::move(*alarm));
  }
  for (const LayerRow& layer : snapshot.layers) {
    if (layer.network == snapshot.network && layer.stream == snapshot.stream) {
      judge_layer(layer, rows);
    }
  }
  for (VerdictRow& row : rows) {
    row.epoch = snapshot.epoch;
    row.step = snapshot.step;
  }
  return rows;
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

VerdictRow Verdicts::judge_curve(const LayerMatch& match, std::uint64_t snapshot) {
  const MeasureRow& number = *match.row;
  Curve& curve = memory_.curves[{number.stream, number.layer, number.reference,
                                 number.reference_layer, number.measure}];
  forget_before(snapshot + 1 - std::min<std::uint64_t>(options_.snapshots, snapshot + 1), curve);
  remember(match, snapshot, curve);
  VerdictRow row;
  row.stream = number.stream;
  row.layer = number.layer;
  row.verdict = "undecided";
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
      row.verdict = is_moving ? "moving" : "settled";
    }
  }
  if (row.verdict != "settled") {
    curve.settled_since.reset();
  } else if (!curve.settled_since) {
    curve.settled_since = curve.points.front().epoch;
  }
  row.since_epoch = curve.settled_since;
  return row;
}

void Verdicts::judge_layer(const LayerRow& layer, std::vector<VerdictRow>& rows) {
  const std::optional<double> now = layer.root_mean_square;
  const auto name = std::make_pair(layer.stream, layer.layer);
  // A layer that begins at 0 would explode with its first activation.
  if (now && std::isfinite(*now) && *now > 0) {
    memory_.first_root_mean_square.try_emplace(name, *now);
  }
  const auto first = memory_.first_root_mean_square.find(name);
  const std::optional<double> first_value =
      first == memory_.first_root_mean_square.end() ? std::nullopt : std::optional(first->second);
  if (auto alarm = dead_alarm(layer, options_)) rows.push_back(std::move(*alarm));
  if (auto alarm = exploding_alarm(layer, first_value, options_)) rows.push_back(std::move(*alarm));
}

Result<void> Verdicts::restore(const std::string& state) {
  auto memory = verdict_memory_from(state);
  if (!memory) return Failure{memory.why()};
  memory_ = *std::move(memory);
  return {};
}

}  // namespace livecca
