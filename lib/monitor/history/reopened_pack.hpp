#pragma once

#include <filesystem>
#include <memory>
#include <string>

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

  /// Null, with the reason, if it cannot be read.
  std::shared_ptr<const RecordedPack> open(std::string& why) {
    if (auto known = pack.lock()) return known;
    auto opened = RecordedPack::open(file, why);
    is_readable = opened != nullptr;
    pack = opened;
    return opened;
  }
};

}  // namespace livecca
