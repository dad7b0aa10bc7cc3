#include "runs/pair_curves.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <functional>

#include "inputs/input_error.hpp"
#include "runs/layer_order.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t most_named = 12;

bool is_named(const std::string& measure, const std::string& wanted) {
  return measure == wanted || measure == wanted + "_distance" || measure == wanted + "_similarity";
}

bool is_chosen(const CurveKey& key, const ShowOptions& options) {
  if (options.stream && key.stream != *options.stream) return false;
  if (!options.reference.empty() && key.reference != options.reference) return false;
  return options.layer.empty() || ::fnmatch(options.layer.c_str(), key.layer.c_str(), 0) == 0;
}

/// Replaces the layer's curve so far by one that suits better.
void choose_own(CurveGroup& group, const Curve& curve) {
  const auto same_layer = [&](const Curve* other) { return other->key.layer == curve.key.layer; };
  const auto place = std::ranges::find_if(group.own, same_layer);
  if (place == group.own.end()) return group.own.push_back(&curve);
  const CurveKey& so_far = (*place)->key;
  if (so_far.reference_layer == so_far.layer) return;
  const bool same_name = curve.key.reference_layer == curve.key.layer;
  if (same_name || is_nearer(group.direction, curve.latest(), (*place)->latest())) *place = &curve;
}

CurveGroup& group_of(std::vector<CurveGroup>& groups, const Curve& curve) {
  const CurveKey& key = curve.key;
  const auto place = std::ranges::find_if(groups, [&](const CurveGroup& group) {
    return group.stream == key.stream && group.reference == key.reference;
  });
  if (place != groups.end()) return *place;
  return groups.emplace_back(CurveGroup{.stream = key.stream,
                                        .reference = key.reference,
                                        .reference_kind = curve.reference_kind,
                                        .measure = key.measure,
                                        .direction = curve.direction,
                                        .all = {},
                                        .own = {}});
}

std::string stream_of(const CurveKey& key) { return name_of(key.stream); }

/// What the run's curves have of one field, each once.
template <typename Field>
std::vector<std::string> values_of(const RunRows& rows, Field field) {
  std::vector<std::string> values;
  for (const Curve& curve : rows.curves) {
    const std::string value = std::invoke(field, curve.key);
    if (std::ranges::find(values, value) == values.end()) values.push_back(value);
  }
  return values;
}

[[noreturn]] void has_none(const std::string& option, const std::vector<std::string>& known,
                           const std::string& got) {
  throw InputError(option + ": expected one that the run has, " + some_of(known, most_named) +
                   ", got '" + got + "'");
}

}  // namespace

std::string reference_text(const CurveGroup& group) {
  if (group.reference_kind == ReferenceKind::final) return "to the final state";
  if (group.reference_kind == ReferenceKind::start) return "to its own start";
  if (const auto snapshots = snapshots_before(group.reference)) {
    return *snapshots == 1 ? "to itself one snapshot before"
                           : "to itself " + std::to_string(*snapshots) + " snapshots before";
  }
  return "to " + shown_name(group.reference);
}

bool is_nearer(Direction direction, std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a.has_value();
  return direction == Direction::distance ? *a < *b : *a > *b;
}

std::string shown_measure(const RunRows& rows, const std::string& wanted) {
  std::vector<std::string> names{wanted};
  if (wanted.empty()) names = rows.facts ? rows.facts->measures : std::vector<std::string>();
  for (const std::string& name : names) {
    for (const Curve& curve : rows.curves) {
      if (is_named(curve.key.measure, name)) return curve.key.measure;
    }
  }
  return !wanted.empty() || rows.curves.empty() ? "" : rows.curves.front().key.measure;
}

std::vector<CurveGroup> curve_groups(const RunRows& rows, const ShowOptions& options) {
  const std::string measure = shown_measure(rows, options.measure);
  std::vector<CurveGroup> groups;
  for (const Curve& curve : rows.curves) {
    if (curve.key.measure != measure || !is_chosen(curve.key, options)) continue;
    CurveGroup& group = group_of(groups, curve);
    group.all.push_back(&curve);
    choose_own(group, curve);
  }
  const LayerOrder order(rows);
  for (CurveGroup& group : groups) {
    for (auto* curves : {&group.all, &group.own}) {
      std::ranges::stable_sort(*curves, order, [](const Curve* curve) { return curve->key.layer; });
    }
  }
  std::stable_partition(groups.begin(), groups.end(), [](const CurveGroup& group) {
    return group.reference_kind != ReferenceKind::final;
  });
  return groups;
}

void check_choice(const RunRows& rows, const ShowOptions& options) {
  if (rows.curves.empty()) return;
  if (shown_measure(rows, options.measure).empty()) {
    has_none("--measure", values_of(rows, &CurveKey::measure), options.measure);
  }
  if (!curve_groups(rows, options).empty()) return;
  const std::string stream = options.stream ? name_of(*options.stream) : "";
  for (const auto& [option, wanted, known] :
       {std::tuple("--stream", stream, values_of(rows, stream_of)),
        {"--reference", options.reference, values_of(rows, &CurveKey::reference)}}) {
    if (!wanted.empty() && std::ranges::find(known, wanted) == known.end()) {
      has_none(option, known, wanted);
    }
  }
  if (!options.layer.empty()) has_none("--layer", values_of(rows, &CurveKey::layer), options.layer);
  throw InputError("--stream, --reference: expected a pair that the run has numbers of, got '" +
                   stream + "', '" + options.reference + "'");
}

}  // namespace livecca::tool
