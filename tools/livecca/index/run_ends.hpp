#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "index/run_index.hpp"

namespace livecca::tool {

/// Of a file of so many bytes, the first rows and as many of the last ones as hold the last whole
/// snapshot of each stream, with its verdicts. Before the last 256 kB, rows to the final state and
/// spectra are left out: a run that is finished may end with megabytes of them. Null if the file
/// is short enough to be read whole, or has no such snapshot in its last megabytes.
///
/// Cost: some milliseconds, or what a snapshot of many megabytes takes to be parsed.
std::unique_ptr<RunIndex> ends_of(const std::filesystem::path& rows_file, std::uint64_t size);

}  // namespace livecca::tool
