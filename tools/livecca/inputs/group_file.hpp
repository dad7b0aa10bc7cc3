#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace livecca::tool {

/// Which input belongs to which group.
struct Groups {
  std::vector<std::string> names;
  std::vector<std::optional<std::size_t>> group_of;  ///< one an input; nothing: in no group
};

/// Reads {"group": ["path", …], …}. A path is one of the inputs as it was given, or leads to one
/// from the file's folder. Without inputs they are those of the file, in its order: each path from
/// the file's folder if there is such a file, else as it stands. Throws InputError, naming the
/// file, on anything else, an empty group, or an input in two places.
Groups read_groups(const std::string& path, std::vector<std::string>& inputs);

}  // namespace livecca::tool
