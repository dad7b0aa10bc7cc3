#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/result.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "monitor/history/recorded_side.hpp"

namespace livecca {

/// Recorded networks that a run compares with.
///
/// Thread safety: none.
class ReferencePacks {
 public:
  struct Entry {
    std::string name;
    std::filesystem::path path;
    std::shared_ptr<const RecordedPack> pack;
  };

  /// Fails if the file cannot be used.
  Result<void> add(const std::string& name, const std::filesystem::path& path) {
    auto pack = RecordedPack::open(path);
    if (!pack) return Failure{pack.why()};
    entries_.push_back({name, path, *std::move(pack)});
    return {};
  }

  bool has(const std::string& name) const {
    for (const Entry& entry : entries_) {
      if (entry.name == name) return true;
    }
    return false;
  }

  bool has(const std::string& name, const std::filesystem::path& path) const {
    for (const Entry& entry : entries_) {
      if (entry.name == name && entry.path == path) return true;
    }
    return false;
  }

  std::vector<RecordedSide> sides() const {
    std::vector<RecordedSide> sides;
    for (const Entry& entry : entries_) {
      sides.push_back(RecordedSide::of(entry.name, ReferenceKind::pack, entry.pack));
    }
    return sides;
  }

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace livecca
