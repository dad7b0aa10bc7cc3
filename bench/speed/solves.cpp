// Solving snapshots: one wide pair, and many pairs of networks. To be read as shares of the
// machine's dgesdd and dsyevd.

#include <benchmark/benchmark.h>

#include "bench_data.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/snapshot/solver.hpp"

namespace {

using namespace livecca;
using namespace livecca_bench;

constexpr std::size_t wide = 1024;
constexpr std::size_t samples = 8 * wide;

const PanelMoments& wide_pair() {
  static const PanelMoments window = moments_of_pair(wide, samples, two_threads());
  return window;
}

const PanelMoments& wide_pair_of_other_x() {
  static const PanelMoments window = with_other_x(wide_pair(), samples, two_threads());
  return window;
}

void solve_pair(benchmark::State& state, const Quantities& quantities) {
  const PanelMoments& window = wide_pair();
  SolveOptions options;
  options.quantities = quantities;
  for (auto _ : state) {
    const PanelSolution solution = solve(window, options, two_threads());
    if (!solution.pairs[0].converged) state.SkipWithError("expected numbers");
  }
}

/// The reference's side is known from the solve before.
void solve_with_known_y(benchmark::State& state, const Quantities& quantities) {
  const PanelMoments* windows[] = {&wide_pair(), &wide_pair_of_other_x()};
  SolveOptions options;
  options.quantities = quantities;
  Solver solver(two_threads());
  solver.solve(*windows[1], options);
  std::size_t turn = 0;
  for (auto _ : state) {
    const PanelSolution solution = solver.solve(*windows[turn++ % 2], options);
    if (!solution.pairs[0].converged) state.SkipWithError("expected numbers");
  }
}

/// 10 networks of 8 layers: 360 pairs of the same layer.
void solve_networks(benchmark::State& state) {
  Executor executor(static_cast<int>(state.range(0)));
  static const PanelMoments window = moments_of_networks(10, 8, 256, 2560, two_threads());
  SolveOptions options;
  options.quantities = info_of(Measure::pwcca).needs;
  for (auto _ : state) {
    const PanelSolution solution = solve(window, options, executor);
    if (!solution.pairs[0].converged) state.SkipWithError("expected numbers");
  }
}

void of_measure(const char* name, const Quantities& quantities) {
  const std::string text(name);
  benchmark::RegisterBenchmark((text + "/uncached").c_str(), solve_pair, quantities)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
  benchmark::RegisterBenchmark((text + "/known_y").c_str(), solve_with_known_y, quantities)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

const bool registered = [] {
  of_measure("pwcca", info_of(Measure::pwcca).needs);
  of_measure("mean_cca", info_of(Measure::mean_cca).needs);
  of_measure("svcca", info_of(Measure::svcca).needs);
  of_measure("linear_cka", info_of(Measure::linear_cka).needs);
  of_measure("all", Quantities::all());
  return true;
}();

}  // namespace

BENCHMARK(solve_networks)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(1);
