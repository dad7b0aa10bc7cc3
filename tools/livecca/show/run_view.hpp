#pragma once

#include <string>

#include "runs/run_rows.hpp"
#include "runs/show_options.hpp"

namespace livecca::tool {

/// How long ago something was, in a word: "12 s ago", "3 h ago".
std::string ago_text(double seconds);

/// A run at a glance: what it is, what the user logged, a table for each stream and reference, what
/// gives alarm, and what watching takes. Ends with a line feed. Escape codes only with colours.
std::string draw_run(const RunRows& rows, const ShowOptions& options, const Canvas& canvas);

}  // namespace livecca::tool
