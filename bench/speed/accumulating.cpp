// Adding rows to moments: one tap of 256 rows at a time, all taps of a step, positions of images.
// To be read as shares of the machine's dgemm, sgemm and dsyrk; "flops" is what each multiplies.

#include <benchmark/benchmark.h>

#include <array>

#include "bench_data.hpp"
#include "livecca/moments/panel.hpp"

namespace {

using namespace livecca;
using namespace livecca_bench;

void set_flops(benchmark::State& state, double each) {
  state.counters["flops"] = benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

/// 256 rows of float32 into a tap of d features. Counts the flops of the lower triangle.
void scatter(benchmark::State& state, Precision precision) {
  const auto features = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t rows = 256;
  const std::vector<float> values = normal_rows(rows, features, 1);
  Panel panel(two_threads(), {.window = Window::all(), .precision = precision});
  panel.add_tap({"net", "layer"}, Layout::nc);
  const auto add_rows = [&] {
    auto step = panel.begin();
    step.observe(0, view_of(values, features));
    step.commit();
  };
  add_rows();  // the first step of a window makes the moments
  for (auto _ : state) add_rows();
  const auto d = static_cast<double>(features);
  set_flops(state, d * (d + 1) * rows);
}

/// 8 taps, each with a reference of its size, 128 rows a step. Counts the flops of two triangles
/// and a square a pair.
void panel_commit(benchmark::State& state) {
  constexpr std::size_t rows = 128;
  Panel panel(two_threads(), {.window = Window::all()});
  std::vector<std::vector<float>> values;
  double flops = 0;
  for (const std::size_t width : layer_widths) {
    for (const char* network : {"net", "ref"}) {
      values.push_back(normal_rows(rows, width, static_cast<unsigned>(values.size() + 1)));
      panel.add_tap({network, std::to_string(values.size() / 2)}, Layout::nc);
    }
    panel.add_pair(values.size() - 2, values.size() - 1);
    flops += 4.0 * static_cast<double>(width * width * rows);
  }
  const auto add_rows = [&] {
    auto step = panel.begin();
    for (std::size_t i = 0; i < values.size(); ++i) {
      step.observe(i, view_of(values[i], layer_widths[i / 2]));
    }
    step.commit();
  };
  add_rows();
  for (auto _ : state) add_rows();
  set_flops(state, flops);
}

/// All positions of 128 images of 64 channels on 16 × 16, from NCHW or as rows.
void all_positions(benchmark::State& state, bool as_images) {
  constexpr std::size_t images = 128;
  constexpr std::size_t channels = 64;
  constexpr std::size_t positions = 16 * 16;
  const std::vector<float> values = normal_rows(images * positions, channels, 1);
  Panel panel(two_threads(), {.positions = Positions::all(), .window = Window::all()});
  panel.add_tap({"net", "layer"}, as_images ? Layout::nchw : Layout::nc);
  const std::array<std::int64_t, 4> shape{images, channels, 16, 16};
  const ActivationView view =
      as_images ? ActivationView(values.data(), DType::float32, shape) : view_of(values, channels);
  for (auto _ : state) {
    auto step = panel.begin();
    step.observe(0, view);
    step.commit();
  }
}

}  // namespace

BENCHMARK_CAPTURE(scatter, exact, Precision::exact)
    ->Arg(128)
    ->Arg(256)
    ->Arg(512)
    ->Arg(1024)
    ->Arg(2048)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(scatter, fast, Precision::fast)
    ->Arg(512)
    ->Arg(1024)
    ->Arg(2048)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(panel_commit)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(all_positions, nchw, true)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(all_positions, nc, false)->Unit(benchmark::kMillisecond)->UseRealTime();
