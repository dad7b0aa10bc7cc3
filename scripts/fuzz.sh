#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer, under the address + undefined sanitizers. The targets:
#   moments     load_moments(), and solving and merging what it gives
#   packs       RecordedPack with all of its rows, and replay() with the file as a snapshot of a run's history
#   rows        the reader of rows.jsonl, whole and as it grows
#   checkpoint  a monitor that resumes from a checkpoint's monitor.json and goes on
# Usage: scripts/fuzz.sh [seconds] [target…]     the seconds are shared by the targets, and by the cores. Default: 1200, all
#
# Starts from valid files of every kind, from tests/fuzz/inputs/TARGET, and from the inputs that earlier runs kept in
# build/fuzz/corpus/TARGET. Exits with 1 if it found anything. The inputs that fail are then in build/fuzz/found/TARGET.
# To try one again:   build/fuzz/tests/fuzz/fuzz_TARGET build/fuzz/found/TARGET/crash-…
# To make it smaller: build/fuzz/tests/fuzz/fuzz_TARGET -minimize_crash=1 -runs=10000 \
#                       -exact_artifact_path=smaller build/fuzz/found/TARGET/crash-…
# To keep one: copy it to tests/fuzz/inputs/TARGET, under a name that says what is wrong with it, for example
# correlations_overflow.moments. The test fuzz_regressions_TARGET then reads it every time.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-1200}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz.sh: expected seconds, got '$seconds'" >&2; exit 2; }
[ $# -gt 0 ] && shift
targets=("$@")
[ $# -gt 0 ] || targets=(moments packs rows checkpoint)
for target in "${targets[@]}"; do
  [ -f "tests/fuzz/${target}_target.cpp" ] || { echo "fuzz.sh: expected a target, got '$target'" >&2; exit 2; }
done

scripts/setup.sh --fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz

programs=build/fuzz/tests/fuzz
workers=$(nproc)
shares=$((workers * ${#targets[@]}))
seconds_each=$(((seconds + shares - 1) / shares))
"$programs/write_fuzz_seeds" build/fuzz/seeds

# The targets write files and sync them each time, so they go to memory if the system has /dev/shm.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
TMPDIR=$(mktemp -d -t livecca-fuzz-XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

failed=0
summary=
# Files of 64 KiB are refused or read with a few times as much memory; 32 MiB at once is a bug.
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target
  found=build/fuzz/found/$target
  log=build/fuzz/$target.log
  mkdir -p "$corpus" "$found"
  echo "Fuzzing $target for $seconds_each s on $workers cores"
  status=0
  "$programs/fuzz_$target" -fork="$workers" -max_total_time="$seconds_each" \
    -max_len=65536 -len_control=20 -timeout=10 -malloc_limit_mb=32 -rss_limit_mb=1024 \
    -dict="tests/fuzz/$target.dict" -artifact_prefix="$found/" \
    "$corpus" "build/fuzz/seeds/$target" "tests/fuzz/inputs/$target" >"$log" 2>&1 || status=$?
  inputs=$(find "$corpus" -type f | wc -l)
  runs=$(sed -n 's/^#\([0-9]*\): cov:.*/\1/p' "$log" | tail -n 1)
  coverage=$(sed -n 's/^#[0-9]*: \(cov: [0-9]* ft: [0-9]*\).*/\1/p' "$log" | tail -n 1)
  if [ -n "$(ls -A "$found")" ]; then
    failed=1
    summary+="FAIL  $target: ${runs:-0} runs, $coverage; found, now or in an earlier run:"$'\n'
    summary+=$(ls -d "$found"/*)$'\n'
  elif [ "$status" -ne 0 ]; then
    failed=1
    tail -n 20 "$log" >&2
    summary+="FAIL  $target: the fuzzer ended with status $status; its output is in $log"$'\n'
  else
    summary+="PASS  $target: ${runs:-0} runs, $coverage, $inputs files in the corpus"$'\n'
  fi
done
echo
printf '%s' "$summary"
echo "Processor time:"
times
exit "$failed"
