#include "memory_test.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "training.hpp"

namespace livecca_soak {
namespace {

constexpr std::uint64_t probe_every = 500;
// Until then the history fills up to its limit, and allocators take what they need.
constexpr std::uint64_t fewest_warm_up_steps = 20 * probe_every;
constexpr std::uint64_t most_growth = std::uint64_t{1} << 20U;  // bytes
// Of those that are to be accumulated: with more dropped, the figures tell nothing.
constexpr std::uint64_t most_steps_trained = 10;

std::uint64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::uint64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  throw std::runtime_error(
      "/proc/self/status: expected a line VmRSS with the memory of this process");
}

/// What the rows say was accumulated and dropped, read as they come.
class StepsInRows {
 public:
  explicit StepsInRows(const std::filesystem::path& rows) : rows_(rows) {}

  void read_on() {
    rows_.clear();
    for (std::string line; std::getline(rows_, line);) {
      if (line.find("\"what\":\"overhead\"") == std::string::npos) continue;
      const auto row = nlohmann::json::parse(line);
      observed_ += row.at("train_steps_observed").get<std::uint64_t>();
      dropped_now_ = row.at("train_steps_dropped").get<std::uint64_t>();
      dropped_ += dropped_now_;
    }
  }

  std::uint64_t observed() const { return observed_; }
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t dropped_now() const { return dropped_now_; }

 private:
  std::ifstream rows_;
  std::uint64_t observed_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_now_ = 0;
};

/// Snapshots, told apart by their step, that lack rows which the fullest one has.
std::uint64_t count_lost(const std::filesystem::path& rows, std::uint64_t snapshots) {
  struct Found {
    std::uint64_t numbers = 0;
    std::uint64_t without_value = 0;
  };
  std::map<std::pair<std::uint64_t, std::string>, Found> found;
  std::ifstream file(rows);
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"kind\":\"measure\"") == std::string::npos) continue;
    const auto row = nlohmann::json::parse(line);
    // Those that every snapshot has from the first on.
    if (row.at("reference") != "other" && row.at("reference") != "recorded") continue;
    Found& snapshot = found[{row.at("step").get<std::uint64_t>(), row.at("stream")}];
    ++snapshot.numbers;
    if (row.at("value").is_null()) ++snapshot.without_value;
  }
  std::map<std::string, std::uint64_t> whole;
  for (const auto& [key, snapshot] : found) {
    whole[key.second] = std::max(whole[key.second], snapshot.numbers);
  }
  std::uint64_t lost = 0;
  for (const char* stream : {"probe", "train"}) {
    std::uint64_t complete = 0;
    for (const auto& [key, snapshot] : found) {
      if (key.second == stream && snapshot.numbers == whole[stream] &&
          snapshot.without_value == 0) {
        ++complete;
      }
    }
    lost += snapshots - std::min(snapshots, complete);
  }
  return lost;
}

/// Resident bytes at their most: while caches fill, and from then on.
struct Memory {
  std::uint64_t warm = 0;
  std::uint64_t most = 0;
};

/// Trains until so many steps were accumulated, at a pace that livecca can keep up with.
Memory train(Training& training, StepsInRows& rows, std::uint64_t steps,
             std::uint64_t warm_up_steps) {
  Memory memory;
  std::chrono::duration<double> pause{};
  while (rows.observed() < steps) {
    if (training.steps() >= most_steps_trained * steps) {
      throw std::runtime_error(
          "expected " + std::to_string(steps) + " train steps to be accumulated, got " +
          std::to_string(rows.observed()) + " of " + std::to_string(training.steps()));
    }
    for (std::uint64_t i = 0; i < probe_every; ++i) {
      training.step();
      if (pause.count() > 1e-6) std::this_thread::sleep_for(pause);
    }
    training.wait();
    rows.read_on();
    pause = rows.dropped_now() > 0 ? std::max(1.2 * pause, std::chrono::duration<double>(2e-5))
                                   : 0.99 * pause;
    std::uint64_t& peak = rows.observed() < warm_up_steps ? memory.warm : memory.most;
    peak = std::max(peak, resident_bytes());
  }
  return memory;
}

}  // namespace

bool keeps_its_memory(const std::filesystem::path& folder, const MemoryOptions& options) {
  const std::uint64_t warm_up_steps = std::max(options.steps / 10, fewest_warm_up_steps);
  if (options.steps < 2 * warm_up_steps) {
    throw std::runtime_error("expected at least " + std::to_string(2 * warm_up_steps) + " steps");
  }
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::filesystem::current_path(folder);
  StageBoard board("board");
  const TrainingOptions training_options{.seed = options.seed,
                                         .synchronous = false,
                                         .checkpoint_every = 10 * probe_every,
                                         .probe_every = probe_every,
                                         .train_every = 1,
                                         .queue_steps = 32};
  const auto begin = std::chrono::steady_clock::now();
  Training training(training_options, board);
  StepsInRows rows("run/rows.jsonl");
  const Memory memory = train(training, rows, options.steps, warm_up_steps);
  const std::uint64_t end = resident_bytes();
  training.finish();
  const std::uint64_t growth = memory.most - std::min(memory.most, memory.warm);
  const std::uint64_t lost = count_lost("run/rows.jsonl", training.snapshots());
  std::cout << rows.observed() << " train steps accumulated, " << rows.dropped() << " dropped; "
            << training.snapshots() << " snapshots, " << lost << " of them lost; resident "
            << memory.warm / 1024 << " KiB at most after warm-up, then " << memory.most / 1024
            << " KiB at most, " << end / 1024 << " KiB at the end; "
            << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()
            << " s" << std::endl;
  return growth <= most_growth && lost == 0;
}

}  // namespace livecca_soak
