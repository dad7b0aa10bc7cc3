#!/usr/bin/env bash
# Runs the first finding at its smallest and looks at its table: all three measures see a structure without noise; in noise
# the mean of all correlations sees little of it, SVCCA as much as there is until it keeps directions of noise, and PWCCA
# most of it.
# Usage: test_signal_and_noise.sh path/to/signal_and_noise
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" --scale tiny --run "$folder/run" >"$folder/out.txt" 2>"$folder/progress.txt"
awk '
  function expect(holds, what) { if (!holds) { print "FAILED: expected " what ": " $0; failed = 1 } }
  $1 == "noise" { table = 1; next }
  NF == 0 { table = 0 }
  !table { next }
  {
    ++rows
    noise = $1; truth = $2; mean = $3; svcca = $4; pwcca = $5
    if (noise == 0) { expect(mean > 0.999 && svcca > 0.999 && pwcca > 0.999, "all to see a signal without noise"); next }
    expect(pwcca > mean, "PWCCA above the mean of all correlations")
    if (noise <= 0.001) expect(svcca > truth - 0.02, "SVCCA to leave out little noise")
    if (noise <= 0.01) expect(pwcca > 0.7 * truth, "PWCCA to see the signal")
    if (noise >= 0.01) expect(mean < 0.6 * truth, "the mean of all correlations to miss most of the signal")
    if (noise >= 0.01) expect(pwcca > svcca, "PWCCA above SVCCA, which keeps noise")
  }
  END { if (rows != 8) { print "FAILED: expected 8 levels of noise, got " rows; failed = 1 } exit failed }
' "$folder/out.txt" || { cat "$folder/out.txt"; exit 1; }
grep -q '"layer":"noise_0.1"' "$folder/run/rows.jsonl"
if "$1" --scale tiny --run "$folder/run" 2>"$folder/error.txt"; then
  echo "FAILED: expected a folder that holds a run to be refused"; exit 1
fi
grep -q "^signal_and_noise: $folder/run: expected a folder for a new run" "$folder/error.txt"
