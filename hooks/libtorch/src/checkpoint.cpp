#include "livecca_libtorch/checkpoint.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include "checkpoint_folder.hpp"
#include "dense_tensor.hpp"
#include "livecca/common/error.hpp"

namespace livecca::libtorch {
namespace {

void write_values(const std::filesystem::path& file, const std::vector<CheckpointValue>& values) {
  torch::serialize::OutputArchive archive(std::make_shared<torch::jit::CompilationUnit>());
  archive.write("count", c10::IValue(static_cast<std::int64_t>(values.size())));
  {
    at::Generator of_cpu = at::detail::getDefaultCPUGenerator();
    const std::lock_guard<std::mutex> lock(of_cpu.mutex());
    archive.write("random_state", of_cpu.get_state(), /*is_buffer=*/true);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    torch::serialize::OutputArchive part(archive.compilation_unit());
    values[i].save(part);
    archive.write(std::to_string(i), part);
  }
  archive.save_to(file.string());
  sync_to_disk(file);
}

void read_values(const std::filesystem::path& file, const std::vector<CheckpointValue>& values) {
  torch::serialize::InputArchive archive;
  archive.load_from(file.string());
  c10::IValue count;
  archive.read("count", count);
  if (count.toInt() != static_cast<std::int64_t>(values.size())) {
    throw Error("expected as many values as are given to be loaded, " +
                std::to_string(values.size()) + ", got " + std::to_string(count.toInt()) +
                " in the file");
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

/// Throws std::exception.
void write_checkpoint(Monitor& monitor, const CheckpointFolder& folder,
                      const std::vector<CheckpointValue>& values) {
  const std::filesystem::path next = folder.begin_next();
  write_values(CheckpointFolder::values_of(next), values);
  const auto saved = monitor.save(CheckpointFolder::monitor_of(next));
  if (!saved) throw Error(saved.why());
  folder.make_latest(next);
}

/// Begins a run. If a process ended before its run had a checkpoint, that run has no numbers yet,
/// and is begun again. Throws std::exception.
std::unique_ptr<Monitor> begin_run(MonitorOptions options, const CheckpointFolder& folder) {
  if (const auto valid = options.check(); !valid) throw Error(valid.why());
  const std::filesystem::path run = options.run_directory;
  if (holds_run(run) && folder.was_begun()) remove_untrained_run(run);
  // A run that is not this one's is refused below; it must not be noted as begun here.
  if (!holds_run(run)) folder.note_begun();
  return std::make_unique<Monitor>(std::move(options));
}

std::unique_ptr<Monitor> resume_checkpoint(MonitorOptions options,
                                           const std::filesystem::path& checkpoint,
                                           const std::vector<CheckpointValue>& values) {
  const std::filesystem::path saved_values = CheckpointFolder::values_of(checkpoint);
  try {
    read_values(saved_values, values);
  } catch (const std::exception& problem) {
    throw Error(saved_values.string() +
                ": expected the values that save_checkpoint() wrote, in the same order, got: " +
                first_line(problem));
  }
  return std::make_unique<Monitor>(std::move(options), CheckpointFolder::monitor_of(checkpoint));
}

}  // namespace

Result<void> save_checkpoint_of(Monitor& monitor, const std::filesystem::path& folder,
                                const std::vector<CheckpointValue>& values) {
  try {
    write_checkpoint(monitor, CheckpointFolder(folder), values);
    return {};
  } catch (const std::exception& problem) {
    return Failure{folder.string() +
                   ": expected to write a checkpoint, got: " + first_line(problem)};
  }
}

std::unique_ptr<Monitor> resume_or_start_with(MonitorOptions options,
                                              const std::filesystem::path& folder,
                                              const std::vector<CheckpointValue>& values) try {
  const CheckpointFolder checkpoints(folder);
  if (const auto checkpoint = checkpoints.latest()) {
    return resume_checkpoint(std::move(options), *checkpoint, values);
  }
  auto monitor = begin_run(std::move(options), checkpoints);
  const auto saved = save_checkpoint_of(*monitor, folder, values);
  if (!saved) throw Error(saved.why());
  return monitor;
} catch (const std::system_error& problem) {
  throw Error(folder.string() + ": expected to read or write it, got: " + problem.what());
}

}  // namespace livecca::libtorch
