#!/usr/bin/env bash
# Builds the benchmarks and runs them: results as shares of what the machine's BLAS and LAPACK do (bench/README.md).
# Usage: scripts/bench.sh [OUT.json] [more for Google Benchmark, such as --benchmark_filter=scatter]
# LIVECCA_BENCH_OPENBLAS=SkylakeX: another kernel of OpenBLAS than it chooses itself; OPENBLAS_* of the environment is unset.
# NumPy's route needs a Python with NumPy: LIVECCA_NUMPY_PYTHON=…, or python3; without NumPy it is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
[ -z "${LIVECCA_BENCH_OPENBLAS:-}" ] || export OPENBLAS_CORETYPE=$LIVECCA_BENCH_OPENBLAS
out=build/bench/results.json
case "${1:-}" in *.json) out=$1; shift ;; esac
cmake --preset release -B build/bench -D LIVECCA_BUILD_BENCH=ON -D LIVECCA_BUILD_TESTS=OFF \
  -D LIVECCA_BUILD_LIBTORCH=OFF -D LIVECCA_BUILD_EXAMPLES=OFF >/dev/null
cmake --build build/bench --target bench_speed livecca_program
# Benchmarks take turns, so that a slow minute of the machine is in all of them.
build/bench/bench/speed/bench_speed --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true \
  --benchmark_min_time=0.2 --benchmark_out="$out" --benchmark_out_format=json "$@"
bench/speed/table.py "$out"
python=${LIVECCA_NUMPY_PYTHON:-python3}
if "$python" -c 'import numpy' 2>/dev/null; then
  "$python" bench/speed/numpy_compare.py build/bench/tools/livecca/livecca
else
  echo "SKIPPED: the comparison with NumPy, which $python does not have"
fi
