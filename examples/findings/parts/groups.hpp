#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kept_runs.hpp"

namespace findings {

/// Networks that are alike in what they were trained for.
struct Group {
  std::string name;
  std::vector<std::filesystem::path> packs;  ///< a network's recorded activations each
};

/// The activations on the probe that a run's monitor kept last. Throws std::runtime_error if there
/// are none.
std::filesystem::path last_state(const std::filesystem::path& run_folder);

/// Puts runs into groups. Each group has as many, one after the other.
std::vector<Group> groups_of(
    const std::vector<KeptRun>& runs, const std::vector<std::string>& names,
    const std::function<std::filesystem::path(const std::filesystem::path& run_folder)>& pack_of =
        last_state);

/// Writes {"group": ["path", …], …}, which `livecca compare --groups` reads. Paths are from the
/// file's folder. Throws std::runtime_error.
void write_groups(const std::filesystem::path& file, const std::vector<Group>& groups);

/// Makes the runs, prints what became of them, and writes groups.json into settings.run: all the
/// work of a finding that compares networks in groups. Each group has as many runs.
void run_groups(const Settings& settings, const std::string& about, const std::vector<Run>& runs,
                const std::vector<std::string>& names);

}  // namespace findings
