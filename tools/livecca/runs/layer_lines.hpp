#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runs/run_rows.hpp"
#include "runs/show_options.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {

/// The layers that rows are of, in the order of LayerOrder.
std::vector<std::string> layers_in_order(const RunRows& rows);

/// What LayerLines are to hold.
struct LayerLinesOptions {
  std::string reference{};  ///< the only one; empty: all
  bool has_train = false;   ///< also of the train stream
  bool has_status = false;  ///< behind the verdict, why not to trust a number
  std::size_t width = readable_width;
};

/// One line a layer: how it moves, its distance to each reference that stays as it is, with the
/// noise floor and a sign for the direction, and its verdict. Without verdicts, the distances to
/// snapshots before stand in their place. The same lines are in a terminal, in Python's reports and
/// in a notebook.
struct LayerLines {
  /// The heading, then a line a layer; each with as many cells, the verdict last. Floors, then the
  /// last references, are left out if the table would be wider than asked for.
  std::vector<std::vector<std::string>> cells;
  std::vector<std::string> left_out;  ///< references
  std::string measure;                ///< of the distances to references; empty if there are none
  std::vector<std::string> remarks;   ///< what verdicts say beside their words, and of which layers
  bool has_record = false;  ///< how often the run's forecasts came true is known
  bool has_motions = false;
  bool has_directions = false;
  bool has_floors = false;
  bool has_marks = false;  ///< behind numbers that are no nearer than their floor

  /// What columns and signs mean.
  std::string legend() const;
};

LayerLines layer_lines(const RunRows& rows, const std::vector<std::string>& layers,
                       const LayerLinesOptions& options);

/// "settled since 12"; "moving, settles at 14 to 18" where that is expected.
std::string verdict_text(const VerdictRow& row);

}  // namespace livecca::tool
