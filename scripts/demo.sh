#!/usr/bin/env bash
# Builds livecca and the live training example, and runs it. A small network trains, and its layers are compared with
# another network's, with their own start and, at the end, with their final state.
# Usage: scripts/demo.sh [options of live_training, e.g. --data path/to/cifar-10-batches-bin]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/demo

"$root/scripts/setup.sh"
echo "Building live_training in $build"
mkdir -p "$build"
log=$build/build.log
if ! {
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DLIVECCA_BUILD_LIBTORCH=ON -DLIVECCA_BUILD_SINKS=ON \
    -DLIVECCA_BUILD_EXAMPLES=ON \
    -DLIVECCA_BUILD_TESTS=OFF -DLIVECCA_BUILD_TOOLS=OFF &&
    cmake --build "$build" --target live_training
} >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "demo.sh: the build failed; all of its output is in $log" >&2
  exit 1
fi
# Runs in the caller's folder, so that relative paths in options start there. runs/ is made there too.
exec "$build/examples/live_training/live_training" "$@"
