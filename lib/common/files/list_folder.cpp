#include "common/files/list_folder.hpp"

namespace livecca {

std::error_code list_folder(const std::filesystem::path& folder,
                            std::vector<std::filesystem::path>& entries) {
  entries.clear();
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    entries.push_back(entry->path());
  }
  if (failure) entries.clear();
  return failure;
}

}  // namespace livecca
