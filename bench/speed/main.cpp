// Says which kernels ran before it runs the benchmarks.

#include <benchmark/benchmark.h>

#include <string>
extern "C" char* openblas_get_corename();
extern "C" int openblas_get_num_threads();

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("openblas_kernel", openblas_get_corename());
  benchmark::AddCustomContext("openblas_threads", std::to_string(openblas_get_num_threads()));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
