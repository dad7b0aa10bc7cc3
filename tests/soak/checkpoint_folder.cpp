#include "checkpoint_folder.hpp"

#include <string>
#include <utility>
#include <vector>

namespace livecca_soak {

CheckpointFolder::CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
}

std::optional<std::filesystem::path> CheckpointFolder::latest() const {
  std::error_code failure;
  const auto target = std::filesystem::read_symlink(folder_ / "latest", failure);
  if (failure) return std::nullopt;
  return folder_ / target;
}

bool CheckpointFolder::save(std::uint64_t step,
                            const std::function<bool(const std::filesystem::path& folder)>& write) {
  const std::string name = "ckpt-" + std::to_string(step);
  std::filesystem::remove_all(folder_ / name);  // of a process that was killed meanwhile
  std::filesystem::create_directories(folder_ / name);
  if (!write(folder_ / name)) return false;
  std::filesystem::remove(folder_ / "latest.new");
  std::filesystem::create_symlink(name, folder_ / "latest.new");
  std::filesystem::rename(folder_ / "latest.new", folder_ / "latest");
  remove_others(name);
  return true;
}

void CheckpointFolder::remove_others(const std::filesystem::path& current) const {
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("ckpt-") && name != current) others.push_back(entry.path());
  }
  for (const auto& other : others) std::filesystem::remove_all(other);
}

}  // namespace livecca_soak
