#!/usr/bin/env bash
# Prints a table: how far `--precision fast` is from exact, for each measure. It compares pairs of .npy files, and the
# layers of the demo's trained network with their own start.
# Usage: scripts/fast_precision.sh [X.npy Y.npy]…
set -euo pipefail
pairs=()
for path in "$@"; do pairs+=("$(realpath "$path")"); done
cd "$(dirname "$0")/.."
scripts/setup.sh
cmake --preset release >/dev/null
cmake --build build/release --target livecca_program live_training >/dev/null
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

build/release/examples/live_training/live_training --run "$scratch/run" >"$scratch/training.log" ||
  { cat "$scratch/training.log" >&2; exit 1; }
snapshots=("$scratch"/run/history/*)
python3 bench/fast_precision.py build/release/tools/livecca/livecca "${pairs[@]}" "${snapshots[0]}" "${snapshots[-1]}"
