#pragma once

#include <string>
#include <string_view>

#include "index/growing_runs.hpp"

namespace livecca::tool {

// Texts of server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html

/// The run's SUMMARY, with the cursor after it, for all clients.
std::string run_event(const GrowingRuns& runs, GrowingRun& run);
/// Of "gone" and "anew".
std::string id_event(const std::string& name, const std::string& id);

/// What a stream begins with: the summaries of the runs whose number of lines is not that of the
/// cursor, and which runs of it are gone. An empty cursor gets all.
std::string first_events(const GrowingRuns& runs, std::string_view cursor);

}  // namespace livecca::tool
