#!/usr/bin/env bash
# Sets up and builds a small training that is watched, and lets one allocation of it fail, each time another one and in
# a process of its own. Half of them are of a synchronous monitor. Prints how many ended how: with all rows, with rows
# missing and an event, silently, with an exception, or with a crash.
# Usage: scripts/allocation_failures.sh [N] [--seed S] [--verbose]     default: 4000 allocations, seed 1
# Exits with 1 if a loss was silent, a training thread got an exception, or more than 5 of 4,000 ended the process.
set -euo pipefail
cd "$(dirname "$0")/.."
count=4000
if [ $# -gt 0 ] && [[ $1 != --* ]]; then
  [[ $1 =~ ^[1-9][0-9]*$ ]] || { echo "allocation_failures.sh: expected a number, got '$1'" >&2; exit 2; }
  count=$1
  shift
fi

scripts/setup.sh
build=build/soak
mkdir -p "$build"
echo "Building livecca_allocation_sweep in $build"
if ! {
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLIVECCA_BUILD_LIBTORCH=OFF \
    -DLIVECCA_BUILD_EXAMPLES=OFF -DLIVECCA_BUILD_TOOLS=OFF &&
    cmake --build "$build" --target livecca_allocation_sweep
} >"$build/build.log" 2>&1; then
  tail -n 40 "$build/build.log" >&2
  echo "allocation_failures.sh: the build failed; all of its output is in $build/build.log" >&2
  exit 1
fi
"$build/tests/allocations/livecca_allocation_sweep" "$build/runs/allocations" --allocations "$count" \
  --crashes $((count * 5 / 4000)) "$@"
