#include "checkpoint_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca/sinks/jsonl_file.hpp"
#include "livecca/sinks/rows_reader.hpp"

namespace livecca::libtorch {
namespace {

constexpr std::string_view latest_link = "latest";
constexpr std::string_view begun_file = "livecca-begun";
constexpr std::string_view checkpoint_prefix = "livecca-checkpoint-";
constexpr std::string_view monitor_folder = "monitor";
constexpr std::string_view values_file = "training.pt";

/// The number in a checkpoint's name; 0 if it is no checkpoint's.
std::uint64_t number_in(const std::string& name) {
  if (!name.starts_with(checkpoint_prefix)) return 0;
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + checkpoint_prefix.size(), end, number);
  return read.ec == std::errc() && read.ptr == end ? number : 0;
}

/// Whether it is a checkpoint, whole or in part, and nothing else is in it.
bool is_checkpoint(const std::filesystem::path& folder) {
  if (number_in(folder.filename().string()) == 0) return false;
  if (!std::filesystem::is_directory(std::filesystem::symlink_status(folder))) return false;
  return std::ranges::all_of(std::filesystem::directory_iterator(folder), [](const auto& entry) {
    const std::string name = entry.path().filename().string();
    return name == monitor_folder || name == values_file;
  });
}

/// Makes a call of the system again as long as a signal interrupts it.
template <typename Call>
int call_again_if_interrupted(const Call& call) {
  int result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool is_row_of_training(const RowLine& line) {
  return !std::holds_alternative<RunRow>(line.row) && !std::holds_alternative<Event>(line.row);
}

bool has_numbers(const std::filesystem::path& run_directory) {
  const std::filesystem::path history = run_directory / "history";
  if (std::filesystem::exists(history) && !std::filesystem::is_empty(history)) return true;
  auto reader = RowsReader::open(run_directory);
  if (!reader) return true;
  bool is_trained = false;
  const auto read =
      reader->read([&](const RowLine& line) { is_trained |= is_row_of_training(line); }, [] {});
  return is_trained || !read || reader->foreign_lines().count > 0;
}

}  // namespace

void sync_to_disk(const std::filesystem::path& path) {
  const int file =
      call_again_if_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (file < 0) throw std::system_error(errno, std::generic_category(), path.string());
  const int synced = call_again_if_interrupted([&] { return ::fsync(file); });
  const int reason = errno;
  ::close(file);
  // EINVAL: the file system has no such thing as a folder to sync.
  if (synced == 0 || (reason == EINVAL && std::filesystem::is_directory(path))) return;
  throw std::system_error(reason, std::generic_category(), path.string());
}

std::uint64_t CheckpointFolder::latest_number() const {
  const std::filesystem::path link = path_ / latest_link;
  std::error_code failure;
  const std::string name = std::filesystem::read_symlink(link, failure).string();
  if (failure == std::errc::no_such_file_or_directory) return 0;
  const std::uint64_t number = number_in(name);
  if (failure || number == 0) {
    throw Error(link.string() + ": expected a link to a checkpoint, " +
                std::string(checkpoint_prefix) + "1 or another number, got " +
                (failure ? failure.message() : name));
  }
  return number;
}

std::optional<std::filesystem::path> CheckpointFolder::latest() const {
  const std::uint64_t number = latest_number();
  if (number == 0) return std::nullopt;
  return path_ / (std::string(checkpoint_prefix) + std::to_string(number));
}

std::filesystem::path CheckpointFolder::begin_next() const {
  std::filesystem::path next;
  std::uint64_t number = latest_number();
  do {
    next = path_ / (std::string(checkpoint_prefix) + std::to_string(++number));
  } while (std::filesystem::exists(std::filesystem::symlink_status(next)) && !is_checkpoint(next));
  std::filesystem::remove_all(next);  // was being written when a process was killed
  std::filesystem::create_directories(next);
  return next;
}

void CheckpointFolder::make_latest(const std::filesystem::path& checkpoint) const {
  sync_to_disk(checkpoint);
  const std::filesystem::path link = path_ / (std::string(latest_link) + ".new");
  std::filesystem::remove(link);
  std::filesystem::create_symlink(checkpoint.filename(), link);
  std::filesystem::rename(link, path_ / latest_link);
  sync_to_disk(path_);
  try {
    std::filesystem::remove(path_ / begun_file);
    remove_all_but(checkpoint);
  } catch (const std::filesystem::filesystem_error&) {
    // The checkpoint counts. What could not be removed stays until the next one is written.
  }
}

void CheckpointFolder::remove_all_but(const std::filesystem::path& kept) const {
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path() != kept && is_checkpoint(entry.path())) others.push_back(entry.path());
  }
  for (const auto& other : others) std::filesystem::remove_all(other);
}

void CheckpointFolder::note_begun() const {
  std::filesystem::create_directories(path_);
  const std::filesystem::path file = path_ / begun_file;
  std::ofstream out(file);
  out << "A run was begun here and has no checkpoint yet.\n" << std::flush;
  if (!out) throw std::system_error(errno, std::generic_category(), file.string());
  sync_to_disk(file);
  sync_to_disk(path_);
}

bool CheckpointFolder::was_begun() const { return std::filesystem::exists(path_ / begun_file); }

std::filesystem::path CheckpointFolder::values_of(const std::filesystem::path& checkpoint) {
  return checkpoint / values_file;
}

std::filesystem::path CheckpointFolder::monitor_of(const std::filesystem::path& checkpoint) {
  return checkpoint / monitor_folder;
}

bool holds_run(const std::filesystem::path& run_directory) {
  return std::filesystem::exists(run_directory / "rows.jsonl");
}

bool remove_untrained_run(const std::filesystem::path& run_directory) {
  // Throws if another process or monitor writes the run.
  const JsonlFile own = JsonlFile::at_end_of(run_directory / "rows.jsonl");
  if (has_numbers(run_directory)) return false;
  std::filesystem::remove_all(run_directory / "history");
  return std::filesystem::remove(own.path());
}

}  // namespace livecca::libtorch
