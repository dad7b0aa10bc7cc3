#pragma once

#include <filesystem>
#include <memory>

#include "livecca/common/result.hpp"
#include "livecca/packs/recorded_pack.hpp"

namespace livecca {

/// A recording whose file is open only as long as somebody has it: a run may keep more snapshots
/// than a process may open files.
///
/// Thread safety: none.
struct ReopenedPack {
  std::filesystem::path file;
  bool is_readable = true;  ///< it was, when it was last asked for
  std::weak_ptr<const RecordedPack> pack;

  /// Never null. Fails if the file cannot be read.
  Result<std::shared_ptr<const RecordedPack>> open() {
    if (auto known = pack.lock()) return known;
    auto opened = RecordedPack::open(file);
    is_readable = static_cast<bool>(opened);
    if (is_readable) pack = *opened;
    return opened;
  }
};

}  // namespace livecca
