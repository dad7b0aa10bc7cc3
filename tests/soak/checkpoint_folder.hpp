#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

namespace livecca_soak {

/// Checkpoints of a training and its monitor, each a folder; the link `latest` says which one
/// holds. It is switched when the folder is whole, so that both parts always belong together.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder);

  /// The one that holds; empty if there is none yet.
  std::optional<std::filesystem::path> latest() const;
  /// Has a new folder written, makes it the latest one and removes the others. False, without a
  /// switch, if `write` says so.
  bool save(std::uint64_t step,
            const std::function<bool(const std::filesystem::path& folder)>& write);

 private:
  void remove_others(const std::filesystem::path& current) const;

  std::filesystem::path folder_;
};

}  // namespace livecca_soak
