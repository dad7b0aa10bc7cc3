#include "groups.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace findings {

namespace fs = std::filesystem;

fs::path last_state(const fs::path& run_folder) {
  fs::path last;
  for (const auto& entry : fs::directory_iterator(run_folder / "history")) {
    if (entry.path().extension() == ".safetensors") last = std::max(last, entry.path());
  }
  if (last.empty()) {
    throw std::runtime_error((run_folder / "history").string() +
                             ": expected a kept snapshot, got none");
  }
  return last;
}

std::vector<Group> groups_of(const std::vector<KeptRun>& runs,
                             const std::vector<std::string>& names,
                             const std::function<fs::path(const fs::path&)>& pack_of) {
  const std::size_t size = runs.size() / names.size();
  std::vector<Group> groups;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i % size == 0) groups.push_back({.name = names[i / size], .packs = {}});
    groups.back().packs.push_back(pack_of(runs[i].folder));
  }
  return groups;
}

void write_groups(const fs::path& file, const std::vector<Group>& groups) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Group& group : groups) {
    for (const fs::path& pack : group.packs) {
      json[group.name].push_back(fs::proximate(pack, file.parent_path()).generic_string());
    }
  }
  std::ofstream out(file);
  out << json.dump(2) << '\n' << std::flush;
  if (!out) throw std::runtime_error(file.string() + ": cannot be written");
}

void run_groups(const Settings& settings, const std::string& about, const std::vector<Run>& runs,
                const std::vector<std::string>& names) {
  const auto kept = make_runs(settings, about, runs);
  print_networks(kept);
  write_groups(settings.run / "groups.json", groups_of(kept, names));
  print_end(settings, kept);
}

}  // namespace findings
