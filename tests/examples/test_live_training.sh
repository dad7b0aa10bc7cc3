#!/usr/bin/env bash
# Runs the example as a user would, with very little data, and looks at what it shows and leaves.
# Usage: test_live_training.sh path/to/live_training KEEP
# The folder KEEP is made anew and gets a run and its reference, for TensorBoard and Prometheus to look at.
set -euo pipefail

program=$1
keep=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "FAILED: $1" >&2
  cat "$folder"/*.txt >&2
  exit 1
}
small=(--images 128 --probe 150 --epochs 2)
narrow=(--width 4)

"$program" "${small[@]}" "${narrow[@]}" --softmax --run "$folder/run" --reference "$folder/reference.pt" \
  >"$folder/out.txt" 2>"$folder/errors.txt" || fail "expected exit code 0, got $?"
grep -q "floor of mean ρ" "$folder/out.txt" || fail "no table"
grep -q "After epoch 2 of 2" "$folder/out.txt" || fail "no table of the last epoch"
grep -q "distance of each epoch to the final state" "$folder/out.txt" || fail "no final curves"
[ "$(tail -n 1 "$folder/out.txt")" = "Run folder: $folder/run" ] || fail "no path of the run folder"
grep -q '"reference":"final"' "$folder/run/rows.jsonl" || fail "no final rows in rows.jsonl"
grep -q '"test_accuracy"' "$folder/run/rows.jsonl" || fail "no logged accuracy in rows.jsonl"
[ -s "$folder/reference.pt" ] || fail "the reference was not saved"
for tensorboard_run in probe probe/conv1 "probe/noise floor"; do
  compgen -G "$folder/run/tensorboard/$tensorboard_run/events.out.tfevents.*" >/dev/null ||
    fail "no TensorBoard files in $tensorboard_run"
done
grep -q "^TensorBoard: tensorboard --logdir $folder/run/tensorboard$" "$folder/out.txt" || fail "TensorBoard is not named"

"$program" "${small[@]}" "${narrow[@]}" --run "$folder/again" --reference "$folder/reference.pt" --no-tensorboard \
  >"$folder/out.txt" 2>"$folder/errors.txt" || fail "expected exit code 0 on a loaded reference"
grep -q "Reference: loaded" "$folder/out.txt" || fail "the reference was not loaded"
[ ! -e "$folder/again/tensorboard" ] || fail "TensorBoard files, which were not wanted"

# The train stream beside a reference, under a budget, and the network recorded; then compared with, in its place.
"$program" "${small[@]}" "${narrow[@]}" --run "$folder/stream" --reference "$folder/reference.pt" --train-stream \
  --lockstep-train --budget 0.5 --record "$folder/recorded.safetensors" \
  >"$folder/out.txt" 2>"$folder/errors.txt" || fail "expected exit code 0 with the train stream"
grep -q '"stream":"train"' "$folder/stream/rows.jsonl" || fail "no rows of the train stream"
grep -q "Recorded over the probe" "$folder/out.txt" || fail "nothing recorded"
rm -rf "$keep"
mkdir -p "$keep"
cp -r "$folder/stream" "$folder/reference.pt" "$keep"
"$program" "${small[@]}" "${narrow[@]}" --run "$folder/packed" --pack "$folder/recorded.safetensors" \
  >"$folder/out.txt" 2>"$folder/errors.txt" || fail "expected exit code 0 with a pack"
grep -q "to pack" "$folder/out.txt" || fail "no column for the pack"
grep -q "Reference:" "$folder/out.txt" && fail "a reference was trained beside the pack"
grep -q '"reference":"pack"' "$folder/packed/rows.jsonl" || fail "no rows against the pack"
# The same network from the same seed and data: at the end nothing is between them.
grep "After epoch 2" -A 7 "$folder/out.txt" | grep -Eq "fc +0\.00[0-9]" || fail "expected to end where the pack did"

# Each ends with code 2 and one line.
refused() {
  local code=0
  "$program" "${small[@]}" "$@" >"$folder/out.txt" 2>"$folder/errors.txt" || code=$?
  [ "$code" -eq 2 ] || fail "expected exit code 2, got $code: $*"
  [ "$(wc -l <"$folder/errors.txt")" -eq 1 ] || fail "expected one line: $*"
}
refused --data "$folder/nowhere" --run "$folder/new"
head -c 3000 /dev/zero >"$folder/data_batch_1.bin"
refused --data "$folder" --run "$folder/new"
refused --run "$folder/run"
refused --width 8 --reference "$folder/reference.pt" --run "$folder/wide"
refused --pack "$folder/data_batch_1.bin" --run "$folder/no-pack"
refused --budget 0.1 --run "$folder/no-stream"
refused --reference "$folder/data_batch_1.bin" --run "$folder/broken"
