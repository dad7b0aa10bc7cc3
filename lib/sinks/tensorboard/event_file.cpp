#include "sinks/tensorboard/event_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "common/crc32c.hpp"
#include "common/files/descriptor.hpp"
#include "common/files/list_folder.hpp"
#include "common/files/uninterrupted.hpp"
#include "common/files/write_bytes.hpp"
#include "livecca/common/error.hpp"
#include "sinks/tensorboard/event_messages.hpp"

namespace livecca {
namespace {

constexpr std::string_view prefix = "events.out.tfevents.";
constexpr std::size_t digits_of_seconds = 10;
constexpr std::int64_t most_seconds = 9'999'999'999;
constexpr int heading_records = 2;  // see EventFile::begin()

void append_little_endian(std::string& bytes, std::uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

/// A CRC of bytes that hold a CRC is no good check, so the format rotates it and adds a constant.
std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(std::as_bytes(std::span(bytes)));
  return ((crc >> 15U) | (crc << 17U)) + 0xA282EAD8U;
}

/// In the name of an event file; -1 of another file.
std::int64_t seconds_in(std::string_view name) {
  if (!name.starts_with(prefix)) return -1;
  name = name.substr(prefix.size(), digits_of_seconds);
  std::int64_t seconds = -1;
  std::from_chars(name.data(), name.data() + name.size(), seconds);
  return seconds;
}

/// Without what would be no part of a file's name.
std::string host_name() {
  std::array<char, 65> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0 || buffer[0] == '\0') return "host";
  std::string name(buffer.data());
  std::ranges::replace(name, '/', '_');
  return name;
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

enum class Found : std::uint8_t { record, end, damage };

/// Reads the next record of the `left` bytes. A part of a record is the end: it was being written.
Found read_record(std::istream& file, std::uint64_t left, std::string& bytes) {
  std::string head(12, '\0');
  if (left < 16 || !file.read(head.data(), 12)) return Found::end;
  const std::string_view length_bytes = std::string_view(head).substr(0, 8);
  const std::uint64_t length = little_endian(length_bytes);
  if (little_endian(std::string_view(head).substr(8)) != masked_crc(length_bytes)) {
    return Found::damage;
  }
  if (length > left - 16) return Found::end;
  bytes.resize(length + 4);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return Found::end;
  const std::uint64_t check = little_endian(std::string_view(bytes).substr(length));
  bytes.resize(length);
  return check == masked_crc(bytes) ? Found::record : Found::damage;
}

/// Whether all bytes from there on are zero, as a power cut may leave them.
bool is_zero_from(std::istream& file, std::uint64_t begin) {
  file.seekg(static_cast<std::streamoff>(begin));
  std::array<char, 65536> block{};
  while (file.read(block.data(), block.size()) || file.gcount() > 0) {
    const auto read = std::span(block).first(static_cast<std::size_t>(file.gcount()));
    if (!std::ranges::all_of(read, [](char byte) { return byte == '\0'; })) return false;
  }
  return true;
}

void cut_event_file(const std::filesystem::path& path, double wall_time) {
  const auto refuse = [&path](const char* expected, const std::string& got) {
    throw Error(path.string() + ": expected to " + expected + ", got: " + got);
  };
  std::error_code failure;
  const std::uint64_t size = std::filesystem::file_size(path, failure);
  std::ifstream file(path, std::ios::binary);
  if (failure || !file) refuse("read this file", failure ? failure.message() : "an error");
  std::uint64_t kept = 0;
  std::string event;
  Found found = read_record(file, size, event);
  for (int i = 0; found == Found::record; ++i, found = read_record(file, size - kept, event)) {
    if (i >= heading_records && wall_time_of(event) > wall_time) break;
    kept += event.size() + 16;
  }
  // Whole records may lie behind a damaged one. It stays as it is: TensorBoard does not read on
  // behind it, and the run goes on in another file.
  const bool is_damaged = found == Found::damage && !is_zero_from(file, kept);
  if (file.bad()) refuse("read this file", "an error");
  if (kept == size || is_damaged) return;
  std::filesystem::resize_file(path, kept, failure);
  if (failure) refuse("cut what came after the checkpoint", failure.message());
}

/// Calls `visit` with the path of every event file. Throws Error if the folder cannot be listed.
template <typename Visit>
void for_each_event_file(const std::filesystem::path& folder, const Visit& visit) {
  std::vector<std::filesystem::path> paths;
  const std::error_code failure = list_folder(folder, paths);
  const bool is_missing =
      failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory;
  if (failure && !is_missing) {
    throw Error(folder.string() + ": expected to list this folder, got: " + failure.message());
  }
  for (const std::filesystem::path& path : paths) {
    if (seconds_in(path.filename().string()) >= 0) visit(path);
  }
}

std::int64_t newest_seconds(const std::filesystem::path& folder) {
  std::int64_t newest = -1;
  for_each_event_file(folder, [&](const std::filesystem::path& path) {
    newest = std::max(newest, seconds_in(path.filename().string()));
  });
  return newest;
}

}  // namespace

std::string framed_record(std::string_view bytes) {
  std::string record;
  record.reserve(bytes.size() + 16);
  append_little_endian(record, bytes.size(), 8);
  append_little_endian(record, masked_crc(record), 4);
  record += bytes;
  append_little_endian(record, masked_crc(bytes), 4);
  return record;
}

EventFile::EventFile(std::filesystem::path folder, std::string ending)
    : folder_(std::move(folder)), ending_(std::move(ending)) {}

void EventFile::refuse(const std::filesystem::path& path, const char* expected,
                       const std::string& got) const {
  throw Error(path.string() + ": expected to " + expected + ", got: " + got);
}

void EventFile::create(double wall_time) {
  std::error_code failure;
  std::filesystem::create_directories(folder_, failure);
  if (failure) refuse(folder_, "make this folder", failure.message());
  const auto now = static_cast<std::int64_t>(std::clamp(wall_time, 0.0, 9e9));
  // Later than every file before, though the clock stepped back or the second is the same.
  const std::int64_t seconds =
      std::min(std::max({now, newest_seconds(folder_) + 1, last_seconds_ + 1}), most_seconds);
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%010lld", static_cast<long long>(seconds));
  const std::filesystem::path path =
      folder_ / (std::string(prefix) + digits.data() + '.' + host_name() + '.' +
                 std::to_string(::getpid()) + '.' + std::to_string(files_) + ending_);
  const Descriptor created(uninterrupted(
      [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644); }));
  if (!created.is_open() || ::fstat(created.number(), &facts_) != 0) {
    refuse(path, "create this file", std::strerror(errno));
  }
  path_ = path;
  last_seconds_ = seconds;
  ++files_;
  size_ = 0;
}

void EventFile::begin(double wall_time, std::int64_t first_step) {
  if (path_.empty() || lost_its_name(facts_, path_)) create(wall_time);
  if (size_ > 0) return;
  append(framed_record(file_version_event(wall_time)) +
         framed_record(session_start_event(wall_time, first_step)));
}

void EventFile::append(std::string_view records) {
  Descriptor file(uninterrupted([&] { return ::open(path_.c_str(), O_WRONLY | O_CLOEXEC); }));
  if (!file.is_open()) refuse(path_, "open this file", std::strerror(errno));
  const std::string why = append_or_cut_back(
      file.number(), size_, records, ", and part of the record stays until it is written whole");
  if (!why.empty()) refuse(path_, "append a record", why);
  // A file server may tell only now that it has no room.
  if (!file.close()) refuse(path_, "append a record", std::strerror(errno));
  size_ += records.size();
}

bool has_event_files(const std::filesystem::path& folder) { return newest_seconds(folder) >= 0; }

void cut_event_files(const std::filesystem::path& folder, double wall_time) {
  for_each_event_file(folder,
                      [&](const std::filesystem::path& path) { cut_event_file(path, wall_time); });
}

void remove_event_files(const std::filesystem::path& folder, std::string_view ending) {
  for_each_event_file(folder, [&](const std::filesystem::path& path) {
    std::error_code failure;
    if (path.filename().string().ends_with(ending)) std::filesystem::remove(path, failure);
    if (failure) {
      throw Error(path.string() + ": expected to remove this file, got: " + failure.message());
    }
  });
}

}  // namespace livecca
