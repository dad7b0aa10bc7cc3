// What watching takes of the training thread: begin, observe and commit of one step, against a copy
// of the rows that it takes. The rows go to another thread, so the next ones are written over
// memory that another core has read; a copy to such memory is measured, too.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <thread>

#include "bench_data.hpp"
#include "livecca/monitor/monitor.hpp"

namespace {

using namespace livecca;
using namespace livecca_bench;
using Clock = std::chrono::steady_clock;

constexpr std::size_t rows_of_step = 128;

std::vector<std::vector<float>> rows_of_layers() {
  std::vector<std::vector<float>> rows;
  for (const std::size_t width : layer_widths) {
    for (unsigned side = 0; side < 2; ++side) {
      rows.push_back(normal_rows(rows_of_step, width, static_cast<unsigned>(rows.size() + 1)));
    }
  }
  return rows;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Before anything is measured: memory is new then.
constexpr int steps_first = 10;

/// Steps come so far apart that the queue is empty.
void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(15)); }

void monitor_step(benchmark::State& state) {
  const auto folder = std::filesystem::temp_directory_path() / "livecca_bench_step";
  std::filesystem::remove_all(folder);
  const auto values = rows_of_layers();
  {
    Monitor monitor({.run_directory = folder, .measures = {"linear_cka"}, .threads = 1});
    std::vector<TapHandle> taps;
    for (std::size_t i = 0; i < layer_widths.size(); ++i) {
      const std::string layer = "layer" + std::to_string(i);
      taps.push_back(monitor.watch("net", layer, Layout::nc));
      taps.push_back(monitor.watch("ref", layer, Layout::nc));
    }
    const auto seconds_of_step = [&] {
      const auto begin = Clock::now();
      Monitor::Step step = monitor.begin(Stream::train, 0);
      for (std::size_t i = 0; i < taps.size(); ++i) {
        step.observe(taps[i], view_of(values[i], layer_widths[i / 2]));
      }
      step.commit();
      const double seconds = seconds_since(begin);
      pause();
      return seconds;
    };
    for (int i = 0; i < steps_first; ++i) seconds_of_step();
    for (auto _ : state) state.SetIterationTime(seconds_of_step());
  }
  std::filesystem::remove_all(folder);
}

void memcpy_of_step(benchmark::State& state, bool is_read_elsewhere) {
  const auto values = rows_of_layers();
  auto copies = values;
  const auto read = [&] {
    float sum = 0;
    for (const auto& rows : copies) sum = std::accumulate(rows.begin(), rows.end(), sum);
    benchmark::DoNotOptimize(sum);
  };
  const auto seconds_of_copy = [&] {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::memcpy(copies[i].data(), values[i].data(), values[i].size() * sizeof(float));
    }
    benchmark::ClobberMemory();
    const double seconds = seconds_since(begin);
    if (is_read_elsewhere) std::thread(read).join();
    pause();
    return seconds;
  };
  for (int i = 0; i < steps_first; ++i) seconds_of_copy();
  for (auto _ : state) state.SetIterationTime(seconds_of_copy());
}

}  // namespace

BENCHMARK(monitor_step)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(100);
BENCHMARK_CAPTURE(memcpy_of_step, own, false)
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(100);
BENCHMARK_CAPTURE(memcpy_of_step, read_elsewhere, true)
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(100);
