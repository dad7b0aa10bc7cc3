#!/usr/bin/env bash
# Measures what watching costs the example's training, in turns with and without. Takes a quarter of an hour on two
# cores (the first two, if there are more). Nothing else should run. Compare the ratios with the noise beside them.
# Usage: scripts/overhead.sh [--rounds 5] [--steps 100] [--only-reference] …
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cmake --preset release -B build/bench-overhead -D LIVECCA_BUILD_BENCH=ON -D LIVECCA_BUILD_TESTS=OFF \
  -D LIVECCA_BUILD_TOOLS=OFF >/dev/null
cmake --build build/bench-overhead --target bench_overhead
# With more cores, livecca's threads would have a core of their own, and their cost would not show.
pinned=()
if [ "$(nproc)" -gt 2 ] && taskset -c 0,1 true 2>/dev/null; then pinned=(taskset -c 0,1); fi
"${pinned[@]}" build/bench-overhead/bench/overhead/bench_overhead "$@"
