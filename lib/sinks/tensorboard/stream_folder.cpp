#include "sinks/tensorboard/stream_folder.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>

#include "common/files/list_folder.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

/// Links are not followed: what they lead to is not the run's.
bool is_folder(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::symlink_status(path, failure).type() ==
         std::filesystem::file_type::directory;
}

}  // namespace

std::vector<std::string> StreamFolder::runs() const {
  std::vector<std::string> found;
  std::vector<std::filesystem::path> folders{path_};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const std::filesystem::path folder = folders[i];
    std::vector<std::filesystem::path> entries;
    const std::error_code failure = list_folder(folder, entries);
    const bool is_missing =
        failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory;
    if (is_missing) continue;
    if (failure) {
      throw Error(folder.string() + ": expected to list this folder, got: " + failure.message());
    }
    if (has_event_files(folder)) {
      found.push_back(i == 0 ? "" : folder.lexically_relative(path_).string());
    }
    std::ranges::copy_if(entries, std::back_inserter(folders), is_folder);
  }
  std::ranges::sort(found);
  return found;
}

void StreamFolder::take_back(double wall_time) const {
  for (const std::string& run : runs()) {
    remove_event_files(path_of(run), final_ending);
    cut_event_files(path_of(run), wall_time);
  }
}

}  // namespace livecca
