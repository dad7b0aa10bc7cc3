#include "livecca_libtorch/checkpoint.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca::libtorch {
namespace {

// A checkpoint folder holds one folder a checkpoint, and a link to the one that counts:
//
//     latest -> 12
//     12/monitor/      as Monitor::save() writes it
//     12/training.pt   the values
//
// The link is replaced last and whole.

constexpr const char* latest_link = "latest";
constexpr const char* monitor_folder = "monitor";
constexpr const char* values_file = "training.pt";

/// A LibTorch error carries a backtrace after its first line.
std::string first_line(const std::exception& problem) {
  const std::string what = problem.what();
  return what.substr(0, what.find('\n'));
}

/// The number of the checkpoint that counts; 0 if there is none.
std::uint64_t latest_number(const std::filesystem::path& folder) {
  std::error_code none;
  const std::string name = std::filesystem::read_symlink(folder / latest_link, none).string();
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

/// Puts what was written on the disk. Throws std::system_error.
void sync(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_synced = file >= 0 && ::fsync(file) == 0;
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (!is_synced) throw std::system_error(reason, std::generic_category(), path.string());
}

void write_values(const std::filesystem::path& file, const std::vector<CheckpointValue>& values) {
  torch::serialize::OutputArchive archive(std::make_shared<torch::jit::CompilationUnit>());
  archive.write("count", c10::IValue(static_cast<std::int64_t>(values.size())));
  const at::Generator generator = at::detail::getDefaultCPUGenerator();
  {
    at::Generator of_cpu = generator;
    const std::lock_guard<std::mutex> lock(of_cpu.mutex());
    archive.write("random_state", of_cpu.get_state(), /*is_buffer=*/true);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    torch::serialize::OutputArchive part(archive.compilation_unit());
    values[i].save(part);
    archive.write(std::to_string(i), part);
  }
  archive.save_to(file.string());
  sync(file);
}

void read_values(const std::filesystem::path& file, const std::vector<CheckpointValue>& values) {
  torch::serialize::InputArchive archive;
  archive.load_from(file.string());
  c10::IValue count;
  archive.read("count", count);
  if (count.toInt() != static_cast<std::int64_t>(values.size())) {
    throw Error("expected " + std::to_string(values.size()) + " values, got " +
                std::to_string(count.toInt()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    torch::serialize::InputArchive part;
    archive.read(std::to_string(i), part);
    values[i].load(part);
  }
  at::Tensor random_state;
  archive.read("random_state", random_state, /*is_buffer=*/true);
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(random_state);
}

void remove_others(const std::filesystem::path& folder, const std::string& kept) {
  std::error_code ignored;
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool is_checkpoint =
        std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (is_checkpoint && name != kept) others.push_back(entry.path());
  }
  for (const auto& other : others) std::filesystem::remove_all(other, ignored);
}

/// Throws std::exception.
void write_checkpoint(Monitor& monitor, const std::filesystem::path& folder,
                      const std::vector<CheckpointValue>& values) {
  const std::string name = std::to_string(latest_number(folder) + 1);
  const std::filesystem::path next = folder / name;
  std::filesystem::remove_all(next);  // was being written when a process was killed
  std::filesystem::create_directories(next);
  write_values(next / values_file, values);
  const auto saved = monitor.save(next / monitor_folder);
  if (!saved) throw Error(saved.why());
  sync(next);
  const std::filesystem::path link = folder / (std::string(latest_link) + ".new");
  std::filesystem::remove(link);
  std::filesystem::create_symlink(name, link);
  std::filesystem::rename(link, folder / latest_link);
  sync(folder);
  remove_others(folder, name);
}

}  // namespace

Result<void> save_checkpoint_of(Monitor& monitor, const std::filesystem::path& folder,
                                const std::vector<CheckpointValue>& values) {
  try {
    write_checkpoint(monitor, folder, values);
    return {};
  } catch (const std::exception& problem) {
    return Failure{folder.string() +
                   ": expected to write a checkpoint, got: " + first_line(problem)};
  }
}

std::unique_ptr<Monitor> resume_or_start_with(MonitorOptions options,
                                              const std::filesystem::path& folder,
                                              const std::vector<CheckpointValue>& values) {
  const std::uint64_t number = latest_number(folder);
  if (number == 0) {
    auto monitor = std::make_unique<Monitor>(std::move(options));
    const auto saved = save_checkpoint_of(*monitor, folder, values);
    if (!saved) throw Error(saved.why());
    return monitor;
  }
  const std::filesystem::path checkpoint = folder / std::to_string(number);
  try {
    read_values(checkpoint / values_file, values);
  } catch (const std::exception& problem) {
    throw Error((checkpoint / values_file).string() +
                ": expected the values that save_checkpoint() wrote, in the same order, got: " +
                first_line(problem));
  }
  return std::make_unique<Monitor>(std::move(options), checkpoint / monitor_folder);
}

}  // namespace livecca::libtorch
