#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>

namespace livecca_soak {

/// Compares the rows of two runs line by line: all but wall times, names of runs, what watching
/// took and, in the files that they name, the folder above each run's own. Prints the first lines
/// that differ, and returns how many do; lines that one run has more count too. `lines` is set to
/// those that were compared.
std::size_t count_differences(const std::filesystem::path& expected,
                              const std::filesystem::path& got, std::ostream& out,
                              std::size_t& lines);

}  // namespace livecca_soak
