#include "stage_board.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>

namespace livecca_soak {
namespace {

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::size_t index(Stage stage) { return static_cast<std::size_t>(stage); }

}  // namespace

StageBoard::StageBoard(const std::filesystem::path& file) : contents_(nullptr) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  void* memory = MAP_FAILED;
  if (descriptor >= 0 && ::ftruncate(descriptor, sizeof(Contents)) == 0) {
    memory = ::mmap(nullptr, sizeof(Contents), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  }
  if (descriptor >= 0) ::close(descriptor);
  if (memory == MAP_FAILED) {
    throw std::runtime_error(file.string() +
                             ": expected to map this file, got: " + std::strerror(errno));
  }
  // A new file is zeros, and so are these atomics: nothing to construct.
  contents_ = static_cast<Contents*>(memory);
}

StageBoard::~StageBoard() { ::munmap(contents_, sizeof(Contents)); }

void StageBoard::clear() {
  contents_->stage = 0;
  contents_->since = 0;
  for (auto& entries : contents_->entries) entries = 0;
  for (auto& nanoseconds : contents_->nanoseconds) nanoseconds = 0;
}

void StageBoard::enter(Stage stage) {
  const std::int64_t time = now();
  if (const std::int64_t since = contents_->since; since != 0) {
    contents_->nanoseconds[contents_->stage] += time - since;
  }
  contents_->since = time;
  contents_->stage = static_cast<std::uint32_t>(stage);
  ++contents_->entries[index(stage)];
}

Stage StageBoard::stage() const { return static_cast<Stage>(contents_->stage.load()); }

std::uint64_t StageBoard::entries(Stage stage) const { return contents_->entries[index(stage)]; }

double StageBoard::mean_seconds(Stage stage) const {
  const std::uint64_t count = entries(stage);
  if (count == 0) return 0;
  return 1e-9 * static_cast<double>(contents_->nanoseconds[index(stage)]) /
         static_cast<double>(count);
}

}  // namespace livecca_soak
