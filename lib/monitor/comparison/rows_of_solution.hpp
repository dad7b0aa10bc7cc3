#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "livecca/snapshot/solver.hpp"
#include "monitor/comparison/training_modes.hpp"
#include "monitor/history/recorded_side.hpp"
#include "sinks/run_writer.hpp"

namespace livecca {

/// What the rows of one solution have in common.
struct RowContext {
  std::int64_t epoch;
  std::uint64_t step;
  Stream stream;
  std::string window;
  ReferenceKind reference_kind = ReferenceKind::network;
  TrainingModes training_modes{};  ///< of networks and references by name, as far as told

  /// "train" or "eval", of the trained network or of a reference.
  const char* mode_of(const std::string& network, bool is_trained) const {
    const auto told = training_modes.find(network);
    const bool usual = stream == Stream::train && is_trained;
    return (told == training_modes.end() ? usual : told->second) ? "train" : "eval";
  }
};

/// Rows of the probe, against a reference of this kind.
inline RowContext probe_rows(std::int64_t epoch, std::uint64_t step, ReferenceKind kind) {
  return {epoch, step, Stream::probe, "probe", kind};
}

/// Rows of a recording against another, with the modes that they were recorded in. Either side is
/// of one pack.
RowContext recorded_rows(std::int64_t epoch, std::uint64_t step, const RecordedSide& now,
                         const RecordedSide& side);

/// Where rows go: into the run and into a report.
struct RowSinks {
  SnapshotReport& report;
  RunWriter* writer;  ///< null: the report only
  /// The halves of each row of report.measures, as jackknife_values() gives them; empty without.
  std::vector<std::vector<HalfValue>> halves{};

  template <typename Row>
  void write(const Row& row) const {
    if (writer != nullptr) writer->write(row);
  }
};

/// A window's solution and, if it came in parts, the standard errors of the measures asked for: one
/// entry a pair, each of one a measure.
struct SolvedWindow {
  PanelSolution solution;
  std::vector<std::vector<JackknifeValues>> errors;
};

SolvedWindow solve_window(const PanelMoments& moments, const MonitorOptions& options,
                          Solver& solver, Executor& executor);

/// What a solve that failed comes to: every pair not_converged, without a value.
PanelSolution unsolved(const PanelMoments& moments);

/// Whether both taps are there, but their rows do not pair.
bool has_other_rows(const PanelMoments& moments, const PairMoments& pair);

/// Turns pairs of a solution into measure rows and spectra; of all layers with all, not those on
/// other positions, which were not meant.
void write_pairs(const PanelMoments& moments, const std::vector<std::size_t>& pairs,
                 const SolvedWindow& window, const RowContext& context,
                 const MonitorOptions& options, RowSinks& sinks);

/// Rows without a value, of a pair {layer, reference, its layer} that could not be compared.
void write_missing_pair(const RowContext& context, const std::array<std::string, 3>& pair,
                        const std::vector<std::string>& measure_names, RowSinks& sinks);

/// The same for the health of one tap, of which so many rows were not finite.
void write_layer(const PanelMoments& moments, const PanelSolution& solution, std::size_t tap,
                 std::uint64_t nonfinite, const RowContext& context, RowSinks& sinks);

}  // namespace livecca
