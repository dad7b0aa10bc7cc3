#!/usr/bin/env bash
# Runs each finding that trains networks at its smallest: the whole path, not what it finds. A run that is there is not
# made again, one that was interrupted is, and data that is none is refused in one line.
# Usage: test_findings_of_networks.sh path/to/FINDING…
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for program in "$@"; do
  name=$(basename "$program")
  run=$folder/$name
  "$program" --scale tiny --run "$run" >"$folder/first.txt" 2>/dev/null
  grep -q '"reference":"final"' "$run/seed_1/rows.jsonl"
  touch "$run/seed_1/kept"
  "$program" --scale tiny --run "$run" >"$folder/again.txt" 2>/dev/null
  [ -f "$run/seed_1/kept" ] || { echo "FAILED: $name: expected a run that is done to be kept"; exit 1; }
  diff <(grep -v " s\." "$folder/first.txt") <(grep -v " s\." "$folder/again.txt")
  rm "$run/seed_1.txt"
  "$program" --scale tiny --run "$run" >"$folder/again.txt" 2>/dev/null
  [ ! -f "$run/seed_1/kept" ] || { echo "FAILED: $name: expected a run that was interrupted to be made again"; exit 1; }
  diff <(grep -v " s\." "$folder/first.txt") <(grep -v " s\." "$folder/again.txt")
  if "$program" --scale tiny --run "$folder/none" --data "$folder" 2>"$folder/error.txt" >/dev/null; then
    echo "FAILED: $name: expected a folder without data to be refused"; exit 1
  fi
  [ "$(wc -l <"$folder/error.txt")" = 1 ] && grep -q "^$name: .*data_batch" "$folder/error.txt" ||
    { echo "FAILED: $name: expected one line about the data, got:"; cat "$folder/error.txt"; exit 1; }
done
