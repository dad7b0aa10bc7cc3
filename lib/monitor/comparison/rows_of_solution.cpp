#include "monitor/comparison/rows_of_solution.hpp"

#include <cmath>

#include "monitor/comparison/asked_measures.hpp"

namespace livecca {
namespace {

MeasureRow row_of(const MeasureResult& result, const PairFacts& facts) {
  MeasureRow row;
  row.measure = result.measure->row_name();
  row.direction = result.measure->shown();
  const bool distance = row.direction == Direction::distance;
  row.value = distance ? result.distance() : result.similarity();
  row.noise_floor = distance ? result.distance_floor() : result.similarity_floor();
  row.standard_error = result.standard_error;
  row.p_value = result.p_value;
  row.samples = facts.samples;
  row.effective_samples = facts.effective_samples;
  row.independent_samples = result.independent_samples;
  row.samples_left_out = facts.samples_left_out;
  row.features = facts.features;
  row.features_of_taps = facts.features_of_taps;
  row.ranks = {facts.ranks[0].value_or(0), facts.ranks[1].value_or(0)};
  row.precision = livecca::name_of(facts.precision);
  row.status = result.status;
  return row;
}

/// What a pair is: a layer, a reference, and the reference's layer.
using PairNames = std::array<std::string, 3>;

/// The fields that a measure row and a spectrum row share.
template <typename Row>
void place(Row& row, const PairNames& names, const RowContext& context) {
  row.epoch = context.epoch;
  row.step = context.step;
  row.stream = context.stream;
  row.layer = names[0];
  row.reference = names[1];
  row.reference_layer = names[2];
}

/// A pair, and the modes of its sides.
struct PairPlace {
  PairNames names;
  std::array<std::string, 2> modes{"eval", "eval"};
};

PairPlace place_of(const PanelMoments& moments, const PairSolution& pair,
                   const RowContext& context) {
  const TapName& trained = moments.taps[pair.x].name;
  const TapName& reference = moments.taps[pair.y].name;
  return {{trained.layer, reference.network, reference.layer},
          {context.mode_of(trained.network, true), context.mode_of(reference.network, false)}};
}

void write_measure(const MeasureResult& result, const PairFacts& facts, const PairPlace& pair,
                   const RowContext& context, std::vector<HalfValue> halves, RowSinks& sinks,
                   std::optional<double> needed = std::nullopt) {
  MeasureRow row = row_of(result, facts);
  row.samples_needed = needed;
  place(row, pair.names, context);
  row.reference_kind = context.reference_kind;
  row.window = context.window;
  row.modes = pair.modes;
  sinks.write(row);
  sinks.report.measures.push_back(std::move(row));
  sinks.halves.push_back(std::move(halves));
}

std::optional<double> root_mean_square(const TapMoments& tap) {
  if (!tap.moments || tap.moments->samples() == 0) return std::nullopt;
  const Moments& moments = *tap.moments;
  const std::size_t features = moments.features();
  double variance = 0;
  double squared_mean = 0;
  for (std::size_t j = 0; j < features; ++j) {
    variance += moments.scatter()[j * features + j] / moments.weights().sum;
    const double mean = moments.mean().origin[j] + moments.mean().offset[j];
    squared_mean += mean * mean;
  }
  const double square = (variance + squared_mean) / static_cast<double>(features);
  return std::isfinite(square) ? std::optional(std::sqrt(square)) : std::nullopt;
}

/// Turns one pair of a solution into measure rows and its spectrum.
void write_pair(const PanelMoments& moments, const SolvedWindow& window, std::size_t pair_index,
                const RowContext& context, const std::vector<std::string>& measure_names,
                RowSinks& sinks) {
  const PanelSolution& solution = window.solution;
  const PairSolution& pair = solution.pairs[pair_index];
  const PairFacts facts = facts_of(solution, pair_index);
  const PairPlace names = place_of(moments, pair, context);
  for (std::size_t i = 0; i < measure_names.size(); ++i) {
    MeasureResult result = evaluate(solution, pair_index, *find_measure(measure_names[i]));
    std::vector<HalfValue> halves;
    if (!window.errors.empty()) {
      result.standard_error = window.errors[pair_index][i].error;
      halves = window.errors[pair_index][i].halves;
    }
    // Some ten laws of chance each: not for all layers with all.
    const bool is_told = names.names[0] == names.names[2];
    write_measure(result, facts, names, context, std::move(halves), sinks,
                  is_told ? samples_needed(solution, pair_index, result) : std::nullopt);
  }
  SpectrumRow spectrum;
  place(spectrum, names.names, context);
  if (has_value(facts.status)) {
    spectrum.canonical_correlations = pair.canonical_correlations;
    spectrum.weights = pair.weights_x;
  }
  spectrum.status = facts.status;
  sinks.write(spectrum);
  sinks.report.spectra.push_back(std::move(spectrum));
}

}  // namespace

RowContext recorded_rows(std::int64_t epoch, std::uint64_t step, const RecordedSide& now,
                         const RecordedSide& side) {
  RowContext context = probe_rows(epoch, step, side.kind);
  for (const RecordedSide* of : {&now, &side}) {
    if (of->layers.empty()) continue;
    const auto& pack = of->layers.begin()->second;
    context.training_modes[of->network] = pack && pack->is_of_training_mode();
  }
  return context;
}

SolvedWindow solve_window(const PanelMoments& moments, const MonitorOptions& options,
                          Solver& solver, Executor& executor) {
  SolvedWindow window;
  window.solution = solver.solve(moments, solve_options(options));
  if (moments.blocks.empty()) return window;
  window.errors = jackknife_values(moments, window.solution, solve_options(options),
                                   measures_of(options), executor);
  return window;
}

PanelSolution unsolved(const PanelMoments& moments) {
  PanelSolution solution;
  for (const TapMoments& tap : moments.taps) {
    TapSolution facts;
    facts.samples_left_out = tap.samples_left_out;
    if (tap.moments) {
      facts.present = true;
      facts.samples = tap.moments->samples();
      facts.effective_samples = tap.moments->weights().effective_images();
      facts.features = tap.moments->features();
    }
    solution.taps.push_back(facts);
  }
  for (const PairMoments& pair : moments.pairs) {
    PairSolution facts;
    facts.x = pair.x;
    facts.y = pair.y;
    facts.present = pair.moments && solution.taps[pair.x].present && solution.taps[pair.y].present;
    solution.pairs.push_back(facts);
  }
  return solution;
}

bool has_other_rows(const PanelMoments& moments, const PairMoments& pair) {
  return !pair.moments && moments.taps[pair.x].moments && moments.taps[pair.y].moments;
}

void write_pairs(const PanelMoments& moments, const std::vector<std::size_t>& pairs,
                 const SolvedWindow& window, const RowContext& context,
                 const MonitorOptions& options, RowSinks& sinks) {
  for (const std::size_t pair : pairs) {
    if (options.pairing.is_all() && has_other_rows(moments, moments.pairs[pair])) continue;
    write_pair(moments, window, pair, context, options.measures, sinks);
  }
}

void write_missing_pair(const RowContext& context, const std::array<std::string, 3>& pair,
                        const std::vector<std::string>& measure_names, RowSinks& sinks) {
  for (const std::string& name : measure_names) {
    MeasureResult missing;
    missing.measure = find_measure(name);
    write_measure(missing, {}, {.names = pair}, context, {}, sinks);
  }
}

void write_layer(const PanelMoments& moments, const PanelSolution& solution, std::size_t tap_index,
                 std::uint64_t nonfinite, const RowContext& context, RowSinks& sinks) {
  const TapSolution& tap = solution.taps[tap_index];
  LayerRow row;
  row.epoch = context.epoch;
  row.step = context.step;
  row.stream = context.stream;
  row.network = moments.taps[tap_index].name.network;
  row.layer = moments.taps[tap_index].name.layer;
  row.features = tap.features;
  row.features_of_tap = tap.features_of_tap;
  row.dead = tap.constant_features;
  row.rank = tap.rank.value_or(0);
  if (tap.converged && tap.rank.value_or(0) > 0) row.effective_rank = tap.effective_rank;
  row.condition = tap.condition;
  row.root_mean_square = root_mean_square(moments.taps[tap_index]);
  if (const auto dtype = moments.taps[tap_index].dtype; dtype && tap.samples > 0) {
    row.dtype = name_of(*dtype);
  }
  row.samples = tap.samples;
  row.effective_samples = tap.effective_samples;
  row.samples_left_out = tap.samples_left_out;
  row.samples_nonfinite = nonfinite;
  sinks.write(row);
  sinks.report.layers.push_back(std::move(row));
}

}  // namespace livecca
