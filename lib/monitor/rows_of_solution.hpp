#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "livecca/snapshot/solver.hpp"
#include "monitor/run_writer.hpp"

namespace livecca {

/// What the rows of one solution have in common.
struct RowContext {
  std::int64_t epoch;
  std::uint64_t step;
  std::string stream;
  std::string window;
};

/// The solver's part of the options.
SolveOptions solve_options(const MonitorOptions& options);

/// Whether the measures asked for need more than second moments.
bool needs_norm_sums(const MonitorOptions& options);

/// A window's solution and, if it came in parts, the standard errors of the measures asked for: one
/// entry a pair, each of one a measure.
struct SolvedWindow {
  PanelSolution solution;
  std::vector<std::vector<std::optional<double>>> standard_errors;
};

SolvedWindow solve_window(const PanelMoments& moments, const MonitorOptions& options,
                          Solver& solver, Executor& executor);

/// What a solve that failed comes to: every pair not_converged, without a value.
PanelSolution unsolved(const PanelMoments& moments);

/// Turns one pair of a solution into measure rows, appended to the report, and writes them and the
/// pair's spectrum.
void write_pair(const PanelMoments& moments, const SolvedWindow& window, std::size_t pair,
                const RowContext& context, const std::vector<std::string>& measure_names,
                SnapshotReport& report, RunWriter& writer);

/// The same for the health of one tap.
void write_layer(const PanelMoments& moments, const PanelSolution& solution, std::size_t tap,
                 const RowContext& context, SnapshotReport& report, RunWriter& writer);

}  // namespace livecca
