// What the machine can do: products and decompositions of the installed BLAS and LAPACK, with the
// threads that it takes by itself. The other benchmarks are read as shares of these.

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <lapacke.h>

#include <cstring>

#include "bench_data.hpp"

namespace {

using livecca_bench::square_matrix;

/// C += Aᵀ A for `rows` × d, as a product of its own.
void dgemm(benchmark::State& state) {
  const auto d = static_cast<int>(state.range(0));
  const auto rows = static_cast<int>(state.range(1));
  const std::vector<double> a(static_cast<std::size_t>(d) * rows, 0.5);
  std::vector<double> c(static_cast<std::size_t>(d) * d);
  for (auto _ : state) {
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, d, d, rows, 1, a.data(), d, a.data(), d, 1,
                c.data(), d);
  }
}

void sgemm(benchmark::State& state) {
  const auto d = static_cast<int>(state.range(0));
  const auto rows = static_cast<int>(state.range(1));
  const std::vector<float> a(static_cast<std::size_t>(d) * rows, 0.5);
  std::vector<float> c(static_cast<std::size_t>(d) * d);
  for (auto _ : state) {
    cblas_sgemm(CblasColMajor, CblasNoTrans, CblasTrans, d, d, rows, 1, a.data(), d, a.data(), d, 1,
                c.data(), d);
  }
}

void dsyrk(benchmark::State& state) {
  const auto d = static_cast<int>(state.range(0));
  const auto rows = static_cast<int>(state.range(1));
  const std::vector<double> a(static_cast<std::size_t>(d) * rows, 0.5);
  std::vector<double> c(static_cast<std::size_t>(d) * d);
  for (auto _ : state) {
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, d, rows, 1, a.data(), d, 1, c.data(), d);
  }
}

void dsyevd(benchmark::State& state) {
  const auto d = static_cast<lapack_int>(state.range(0));
  const std::vector<double> matrix = square_matrix(static_cast<std::size_t>(d), true);
  std::vector<double> vectors(matrix.size());
  std::vector<double> values(static_cast<std::size_t>(d));
  for (auto _ : state) {
    vectors = matrix;
    LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', d, vectors.data(), d, values.data());
  }
}

void dgesdd(benchmark::State& state) {
  const auto d = static_cast<lapack_int>(state.range(0));
  const std::vector<double> matrix = square_matrix(static_cast<std::size_t>(d), false);
  std::vector<double> work(matrix.size());
  std::vector<double> u(matrix.size());
  std::vector<double> vt(matrix.size());
  std::vector<double> values(static_cast<std::size_t>(d));
  for (auto _ : state) {
    work = matrix;
    LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', d, d, work.data(), d, values.data(), u.data(), d,
                   vt.data(), d);
  }
}

/// At full size, and at that of a step of 256 rows.
void of_rates(benchmark::internal::Benchmark* rates) {
  rates->Args({2048, 2048})
      ->ArgsProduct({{128, 256, 512, 1024, 2048}, {256}})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

}  // namespace

BENCHMARK(dgemm)->Apply(of_rates);
BENCHMARK(sgemm)->Apply(of_rates);
BENCHMARK(dsyrk)->Apply(of_rates);
BENCHMARK(dsyevd)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(dgesdd)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();
