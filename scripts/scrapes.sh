#!/usr/bin/env bash
# Measures what 200 scrapes a second cost the example's training, in turns with and without. Takes two minutes
# on two cores. Nothing else should run. Compare the ratio with the noise beside it.
# Usage: scripts/scrapes.sh [--seconds 120] [--rate 200] [--keep-alive 0] [--threads 1] …
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cmake --preset release -B build/bench-overhead -D LIVECCA_BUILD_BENCH=ON -D LIVECCA_BUILD_TESTS=OFF \
  -D LIVECCA_BUILD_TOOLS=OFF >/dev/null
cmake --build build/bench-overhead --target bench_scrapes
build/bench-overhead/bench/scrapes/bench_scrapes "$@"
