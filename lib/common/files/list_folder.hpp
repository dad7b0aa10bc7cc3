#pragma once

#include <filesystem>
#include <system_error>
#include <vector>

namespace livecca {

/// Puts the path of everything in a folder into `entries`, in no order. Returns why it could not:
/// of a folder that can be listed only in part there are no entries, as a part would pass for all.
std::error_code list_folder(const std::filesystem::path& folder,
                            std::vector<std::filesystem::path>& entries);

}  // namespace livecca
