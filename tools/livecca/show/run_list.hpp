#pragma once

#include <string>

#include "index/growing_runs.hpp"
#include "runs/show_options.hpp"

namespace livecca::tool {

/// Of each run its name, where it is and whether it goes on; and its sentence. Runs that go on
/// come first, then those with the latest rows.
std::string draw_run_list(const GrowingRuns& runs, const Canvas& canvas);

}  // namespace livecca::tool
