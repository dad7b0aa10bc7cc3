#!/usr/bin/env bash
# Builds and runs the benchmarks. Compare times within one run only. Arguments go to Google Benchmark.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cmake --preset release -B build/bench -D LIVECCA_BUILD_BENCH=ON -D LIVECCA_BUILD_TESTS=OFF \
  -D LIVECCA_BUILD_LIBTORCH=OFF -D LIVECCA_BUILD_EXAMPLES=OFF >/dev/null
cmake --build build/bench --target bench_decompositions
build/bench/bench/bench_decompositions "$@"
