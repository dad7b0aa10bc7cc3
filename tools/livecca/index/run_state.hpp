#pragma once

#include <cstdint>

#include "index/writer_watch.hpp"
#include "runs/run_rows.hpp"

namespace livecca::tool {

enum class RunState : std::uint8_t {
  live,
  finished,
  silent,  ///< its process is gone or, where that is not known, there was no row for long
};

/// "live", "finished" or "silent"; nullptr past the last one.
const char* name_of(RunState state);

/// Unix seconds.
double unix_now();

/// A lock that is free says little alone: over rsync, sshfs or 9p it is free while a process far
/// away writes. So a run is silent if it was held before and is not now, or after a long time
/// without a row: a minute, or five times the usual pause if that is longer.
RunState state_of(const RunRows& rows, const WriterWatch& writer, double now);

/// Whether a run that is silent has died, or ended without finish(): nobody holds its file.
bool has_died(const RunRows& rows, const WriterWatch& writer, double now);

}  // namespace livecca::tool
