#!/usr/bin/env bash
# Fuzzes the reader of moments files with libFuzzer, under the address + undefined sanitizers.
# Usage: scripts/fuzz.sh [seconds]     in all, shared by the cores. Default: 600, which is 300 s on two cores
#
# Starts from valid files of every kind, from tests/fuzz/inputs, and from the inputs that earlier runs kept in
# build/fuzz/corpus. Exits with 1 if it found anything. The inputs that fail are then in build/fuzz/found.
# To try one again:   build/fuzz/tests/fuzz/fuzz_moments_file build/fuzz/found/crash-…
# To make it smaller: build/fuzz/tests/fuzz/fuzz_moments_file -minimize_crash=1 -runs=10000 \
#                       -exact_artifact_path=smaller build/fuzz/found/crash-…
# To keep one: copy it to tests/fuzz/inputs/, under a name that says what is wrong with it, for example
# correlations_overflow.moments. The test fuzz_regressions then reads it every time.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz.sh: expected seconds, got '$seconds'" >&2; exit 2; }

scripts/setup.sh --fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz

programs=build/fuzz/tests/fuzz
corpus=build/fuzz/corpus
found=build/fuzz/found
workers=$(nproc)
mkdir -p "$corpus" "$found"
"$programs/write_moments_seeds" build/fuzz/seeds

# The target saves files and syncs them each time, so they go to memory if the system has /dev/shm.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
TMPDIR=$(mktemp -d -t livecca-fuzz-XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# Files of 64 KiB are refused or read with a few times as much memory; 32 MiB at once is a bug.
status=0
"$programs/fuzz_moments_file" -fork="$workers" -max_total_time=$(((seconds + workers - 1) / workers)) \
  -max_len=65536 -len_control=20 -timeout=10 -malloc_limit_mb=32 -rss_limit_mb=1024 \
  -dict=tests/fuzz/moments_file.dict -artifact_prefix="$found/" \
  "$corpus" build/fuzz/seeds tests/fuzz/inputs || status=$?

echo
if [ -n "$(ls -A "$found")" ]; then
  echo "Found, now or in an earlier run:"
  ls -d "$found"/*
  exit 1
fi
[ "$status" -eq 0 ] || { echo "fuzz.sh: the fuzzer ended with status $status" >&2; exit 1; }
echo "Nothing found; the corpus has $(find "$corpus" -type f | wc -l) files. Processor time:"
times
