#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/file_text.hpp"

namespace livecca_tests {

/// A file's records, without their checks; what is left of the last one, too, if it is not whole.
struct EventRecords {
  std::vector<std::string> events;
  std::size_t bytes_left = 0;
};

inline EventRecords records_of(const std::filesystem::path& path) {
  const std::string bytes = text_of(path);
  EventRecords result;
  std::size_t at = 0;
  while (at + 16 <= bytes.size()) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof(length));
    if (length > bytes.size() - at - 16) break;
    result.events.push_back(bytes.substr(at + 12, length));
    at += 16 + length;
  }
  result.bytes_left = bytes.size() - at;
  return result;
}

/// A folder's event files, in the order in which TensorBoard reads them.
inline std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_directory()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

/// Every file's first records: the version of the format, and which steps count no more.
constexpr std::size_t heading_records = 2;

/// Every event begins with its wall time.
constexpr std::size_t wall_time_bytes = 9;

/// The step of an event. Throws std::runtime_error if it does not begin with a wall time.
inline std::uint64_t step_of(const std::string& event) {
  if (event.size() <= wall_time_bytes || event[0] != 0x09) {
    throw std::runtime_error("expected an event that begins with its wall time");
  }
  if (event[wall_time_bytes] != 0x10) return 0;
  std::uint64_t step = 0;
  for (std::size_t i = wall_time_bytes + 1, shift = 0; i < event.size(); ++i, shift += 7) {
    const auto byte = static_cast<unsigned char>(event[i]);
    step |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) break;
  }
  return step;
}

inline std::size_t count_of(const std::vector<std::string>& events, const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      events, [&](const std::string& event) { return event.find(text) != std::string::npos; }));
}

}  // namespace livecca_tests
