#pragma once

#include <string>
#include <vector>

#include "runs/run_rows.hpp"
#include "runs/show_options.hpp"
#include "text/sparkline.hpp"

namespace livecca::tool {

/// What each layer of the probe is doing, a line a layer in the network's order: the verdict and
/// since when, its speed, how far it is forecast to go yet, and its distance to each reference with
/// its direction. References that a narrow canvas has no room for are left out. At the end of the
/// run, how often its verdicts came true. Empty without verdicts.
std::string layer_verdicts_text(const RunRows& rows, const ShowOptions& options,
                                const Canvas& canvas);

/// How many layers have settled, and which moves most. Empty without verdicts.
std::string settled_line(const RunRows& rows);

/// How often the run's verdicts came true; empty before its end.
std::string record_line(const std::vector<VerdictRecordRow>& records);

}  // namespace livecca::tool
