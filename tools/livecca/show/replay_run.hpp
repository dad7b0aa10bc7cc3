#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "livecca/monitor/replay.hpp"

namespace livecca::tool {

enum class ReplayFormat { table, csv, jsonl };
/// "table", "csv" or "jsonl"; nullptr past the last one.
const char* name_of(ReplayFormat format);

struct ReplayArguments {
  std::string run;  ///< a run's folder, or its rows.jsonl
  livecca::ReplayOptions options;
  ReplayFormat format = ReplayFormat::table;
  std::string output;  ///< a file; empty: what is given to replay_run()
};

/// Writes the measures of a run's history. A file is written whole or not at all. Returns a line
/// for each thing that could not be compared. Throws InputError, and livecca::Error as replay().
std::vector<std::string> replay_run(const ReplayArguments& arguments, std::ostream& out);

}  // namespace livecca::tool
