#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace livecca_soak {

/// What a training is doing.
enum class Stage : std::uint32_t { start_up, training, probe, snapshot, checkpoint, finish };
constexpr const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::start_up:
      return "start-up";
    case Stage::training:
      return "training";
    case Stage::probe:
      return "probe";
    case Stage::snapshot:
      return "snapshot";
    case Stage::checkpoint:
      return "checkpoint";
    case Stage::finish:
      return "finish";
  }
  return nullptr;
}
constexpr std::size_t stage_count = [] {
  std::size_t count = 0;
  while (name_of(static_cast<Stage>(count)) != nullptr) ++count;
  return count;
}();

/// Where one process writes what it is doing and another reads it, also after the first was killed:
/// a file that both have in memory.
class StageBoard {
 public:
  /// Creates the file if it is not there.
  explicit StageBoard(const std::filesystem::path& file);
  ~StageBoard();
  StageBoard(const StageBoard&) = delete;
  StageBoard& operator=(const StageBoard&) = delete;

  void clear();
  void enter(Stage stage);

  Stage stage() const;
  /// Times that it was entered.
  std::uint64_t entries(Stage stage) const;
  /// That it took on average; 0 if it was never left.
  double mean_seconds(Stage stage) const;

 private:
  struct Contents {
    std::atomic<std::uint32_t> stage;
    std::atomic<std::int64_t> since;  ///< nanoseconds of the steady clock; 0: not begun
    std::array<std::atomic<std::uint64_t>, stage_count> entries;
    std::array<std::atomic<std::int64_t>, stage_count> nanoseconds;
  };

  Contents* contents_;
};

/// Enters a stage, and training again when it goes.
class StageScope {
 public:
  StageScope(StageBoard& board, Stage stage) : board_(board) { board_.enter(stage); }
  ~StageScope() { board_.enter(Stage::training); }
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;

 private:
  StageBoard& board_;
};

}  // namespace livecca_soak
