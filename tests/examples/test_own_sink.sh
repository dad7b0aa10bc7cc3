#!/usr/bin/env bash
# Runs the example of a sink of one's own and looks at its lines: one an epoch, nearer each time.
# Usage: test_own_sink.sh path/to/own_sink
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/run" >"$folder/out.txt"
awk '
  $1 != "epoch" || $2 != NR - 1 || $3 != "conv1" { print "FAILED: unexpected line: " $0; failed = 1 }
  NR > 1 && $4 >= last { print "FAILED: expected less than " last ": " $0; failed = 1 }
  { last = $4 }
  END { if (NR != 5) { print "FAILED: expected 5 lines, got " NR; failed = 1 } exit failed }
' "$folder/out.txt"
if "$1" "$folder/run" 2>"$folder/error.txt"; then
  echo "FAILED: expected a folder that holds a run to be refused"; exit 1
fi
grep -q "^own_sink: $folder/run: expected a folder for a new run" "$folder/error.txt"
