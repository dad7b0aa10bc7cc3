#include "export/row_columns.hpp"

#include <array>

#include "livecca/sinks/row.hpp"

namespace livecca::tool {
namespace {

/// Names apart by spaces; ":xy" behind one: an array of two, the trained network's side first;
/// ":lags": an array of a number for each of motion_lags; ":each": an array as long as it needs to
/// be.
std::string_view fields_of(std::string_view kind) {
  if (kind == "measure") {
    return "epoch step stream layer reference reference_kind reference_layer measure value "
           "noise_floor standard_error p_value samples_needed samples effective_samples "
           "independent_samples samples_left_out features:xy features_of_taps:xy ranks:xy window "
           "precision modes:xy "
           "status";
  }
  if (kind == "spectrum") {
    return "epoch step stream layer reference reference_layer status index "
           "canonical_correlations:each weights:each";
  }
  if (kind == "layer") {
    return "epoch step stream network layer features features_of_tap dead rank effective_rank "
           "condition root_mean_square dtype samples effective_samples samples_left_out "
           "samples_nonfinite";
  }
  if (kind == "drift") {
    return "epoch step layer reference reference_layer measure probe train "
           "probe_noise_floor train_noise_floor drift";
  }
  if (kind == "verdict") {
    return "epoch step stream layer verdict reference reference_layer measure since_epoch speed "
           "exponent remaining remaining_low remaining_high settling_epoch settling_epoch_low "
           "settling_epoch_high moved:lags snapshots samples_needed learning_rate message slope "
           "slope_error error_source";
  }
  if (kind == "direction") {
    return "epoch step stream layer reference reference_layer measure direction slope slope_error "
           "error_source snapshots";
  }
  if (kind == "verdict_record") {
    return "epoch step layer tolerance settled held early overtaken late intervals intervals_held "
           "settling_epochs settling_epochs_held";
  }
  if (kind == "log") return "epoch step name value";
  return "epoch step what subject message count observe_seconds wait_seconds reference_seconds "
         "accumulate_seconds solve_seconds training_seconds share train_steps_observed "
         "train_steps_dropped observe_every images_share lines_lost resumes";
}

void add_column(std::vector<RowColumn>& columns, const std::string& field) {
  const std::size_t colon = field.find(':');
  const std::string name = field.substr(0, colon);
  if (name == "index") {
    columns.push_back({name, "", RowColumn::index});
  } else if (colon == std::string::npos) {
    columns.push_back({name, name});
  } else if (field.ends_with(":xy")) {
    columns.push_back({name + "_x", name, 0});
    columns.push_back({name + "_y", name, 1});
  } else if (field.ends_with(":lags")) {
    for (std::size_t i = 0; i < motion_lags.size(); ++i) {
      columns.push_back({name + "_" + std::to_string(motion_lags[i]), name, static_cast<int>(i)});
    }
  } else {
    // One element a line: in the singular.
    columns.push_back({name.substr(0, name.size() - 1), name, RowColumn::each});
  }
}

}  // namespace

std::span<const std::string_view> row_kinds() {
  static constexpr std::array<std::string_view, 9> kinds{"measure",   "layer",          "verdict",
                                                         "direction", "verdict_record", "drift",
                                                         "log",       "event",          "spectrum"};
  return kinds;
}

std::vector<RowColumn> columns_of(std::string_view kind) {
  std::vector<RowColumn> columns{{"run", "run"}, {"wall_time", "wall_time"}};
  const std::string_view fields = fields_of(kind);
  for (std::size_t begin = 0; begin < fields.size();) {
    const std::size_t end = std::min(fields.find(' ', begin), fields.size());
    add_column(columns, std::string(fields.substr(begin, end - begin)));
    begin = end + 1;
  }
  return columns;
}

}  // namespace livecca::tool
