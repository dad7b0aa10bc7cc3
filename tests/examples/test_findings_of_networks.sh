#!/usr/bin/env bash
# Runs each finding that trains networks at its smallest: the whole path, not what it finds. A run that is there is not
# made again, one that was interrupted is, and data that is none is refused in one line.
# Where matplotlib is installed, the figures are drawn too.
# Usage: test_findings_of_networks.sh path/to/livecca path/to/figures path/to/FINDING…
set -euo pipefail

livecca=$1
scripts=$2
shift 2
export PYTHONDONTWRITEBYTECODE=1
can_draw=$(/usr/bin/python3 -c 'import matplotlib' 2>/dev/null && echo yes || echo no)
[ "$can_draw" = yes ] || echo "python3-matplotlib is not installed: no figure is drawn"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for program in "$@"; do
  name=$(basename "$program")
  run=$folder/$name
  "$program" --scale tiny --run "$run" >"$folder/first.txt" 2>/dev/null
  inside=$(find "$run" -name rows.jsonl | sort | head -n 1)
  first=$run/$(cut -d/ -f1 <<<"${inside#"$run"/}")
  grep -q '"kind":"measure"' "$inside"
  touch "$first/kept"
  "$program" --scale tiny --run "$run" >"$folder/again.txt" 2>/dev/null
  [ -f "$first/kept" ] || { echo "FAILED: $name: expected a run that is done to be kept"; exit 1; }
  diff <(grep -v " s\." "$folder/first.txt") <(grep -v " s\." "$folder/again.txt")
  rm "$first.txt"
  "$program" --scale tiny --run "$run" >"$folder/again.txt" 2>/dev/null
  [ ! -f "$first/kept" ] || { echo "FAILED: $name: expected a run that was interrupted to be made again"; exit 1; }
  diff <(grep -v " s\." "$folder/first.txt") <(grep -v " s\." "$folder/again.txt")
  "$scripts/compare_groups.sh" "$livecca" "$run"
  for groups in "$run"/groups*.json; do
    [ -f "$groups" ] || continue
    grep -q '"livecca_reference_bands":1' "$run/bands${groups##*/groups}" ||
      { echo "FAILED: $name: expected reference bands of $groups"; exit 1; }
  done
  case $name in
    memorizing_cnn | width_cnn | learning_rates_cnn)
      ls "$run"/groups*.json >/dev/null || { echo "FAILED: $name: expected groups of networks"; exit 1; } ;;
  esac
  # Every way to freeze but "none" does.
  [ "$name" != freeze_training ] || [ "$(grep -l frozen_at_epoch "$run"/*.txt | wc -l)" = 4 ] ||
    { echo "FAILED: $name: expected layers to be frozen in four of five trainings"; exit 1; }
  if [ "$can_draw" = yes ]; then
    /usr/bin/python3 "$scripts/draw_$name.py" "$run" "$folder/$name.figure" >"$folder/drawn.txt"
    [ -s "$folder/drawn.txt" ] && [ -s "$folder/$name.figure.svg" ] && [ -s "$folder/$name.figure.png" ] ||
      { echo "FAILED: $name: expected a figure and its numbers"; exit 1; }
  fi
  if "$program" --scale tiny --run "$folder/none" --data "$folder" 2>"$folder/error.txt" >/dev/null; then
    echo "FAILED: $name: expected a folder without data to be refused"; exit 1
  fi
  [ "$(wc -l <"$folder/error.txt")" = 1 ] && grep -qE "^$name: .*(data_batch|wiki\.valid)" "$folder/error.txt" ||
    { echo "FAILED: $name: expected one line about the data, got:"; cat "$folder/error.txt"; exit 1; }
done
