#!/usr/bin/env bash
# Sets up and builds what writes small files of every kind, damages them and reads them again: moments files,
# checkpoints, histories, packs and rows.jsonl. Each copy has one damage, and everything that is read is compared with
# what the file gave before. Prints how many were read as before, refused or told, taken for others without a word
# (silent), and how many ended or stopped the process.
# Usage: scripts/damaged_files.sh [COUNT] [--seed S] [--kind KIND]     default: 3000 of each kind, seed 1
# Exits with 1 if one was silent, crashed or hung. Those that were silent are then in build/soak/runs/damaged_files/failed.
# To try one again:   build/soak/tests/damaged_files/livecca_damaged_files build/soak/runs/damaged_files --kind KIND --here N
set -euo pipefail
cd "$(dirname "$0")/.."
count=3000
if [ $# -gt 0 ] && [[ $1 != --* ]]; then
  [[ $1 =~ ^[1-9][0-9]*$ ]] || { echo "damaged_files.sh: expected a number, got '$1'" >&2; exit 2; }
  count=$1
  shift
fi

scripts/setup.sh
build=build/soak
mkdir -p "$build/runs"
echo "Building livecca_damaged_files in $build"
if ! {
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLIVECCA_BUILD_LIBTORCH=OFF \
    -DLIVECCA_BUILD_EXAMPLES=OFF -DLIVECCA_BUILD_TOOLS=OFF &&
    cmake --build "$build" --target livecca_damaged_files
} >"$build/build.log" 2>&1; then
  tail -n 40 "$build/build.log" >&2
  echo "damaged_files.sh: the build failed; all of its output is in $build/build.log" >&2
  exit 1
fi

# Files are written and synced for each one that is read, so they go to memory if the system has /dev/shm.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
TMPDIR=$(mktemp -d -t livecca-damaged-XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
"$build/tests/damaged_files/livecca_damaged_files" "$build/runs/damaged_files" --count "$count" "$@"
