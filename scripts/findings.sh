#!/usr/bin/env bash
# Reproduces findings of the papers that livecca rests on, and rebuilds docs/findings.md: its figures, and the numbers and
# the machine below each. A finding that has a run folder already is drawn from it; remove the folder to run it again.
# Usage: scripts/findings.sh [--scale small|paper] [--runs FOLDER] [NAME…]    Names: signal_and_noise. Default: all, small
set -euo pipefail
cd "$(dirname "$0")/.."
scale=small
runs=build/findings/runs
names=()
while [ $# -gt 0 ]; do
  case $1 in
    --scale) scale=${2:?"findings.sh: expected small or paper after --scale"}; shift 2 ;;
    --runs) runs=${2:?"findings.sh: expected a folder after --runs"}; shift 2 ;;
    -*) echo "findings.sh: expected --scale, --runs or names, got '$1'" >&2; exit 2 ;;
    *) names+=("$1"); shift ;;
  esac
done
[ ${#names[@]} -gt 0 ] || names=(signal_and_noise)
for name in "${names[@]}"; do
  [ -f "examples/findings/draw_$name.py" ] || { echo "findings.sh: expected a finding, got '$name'" >&2; exit 2; }
done
scripts/setup.sh --findings
cmake --preset release -B build/findings -D LIVECCA_BUILD_TESTS=OFF -D LIVECCA_BUILD_EXAMPLES=ON >/dev/null
cmake --build build/findings --target "${names[@]}"
mkdir -p "$runs"
export PYTHONDONTWRITEBYTECODE=1
for name in "${names[@]}"; do
  run=$runs/$name-$scale
  if [ ! -f "$run/numbers.txt" ]; then
    rm -rf "$run"
    build/findings/examples/findings/"$name" --scale "$scale" --run "$run" >"$run.txt"
    mv "$run.txt" "$run/numbers.txt"
  fi
  cat "$run/numbers.txt"
  /usr/bin/python3 "examples/findings/draw_$name.py" "$run" "docs/images/finding_$name"
  /usr/bin/python3 examples/findings/put_numbers.py docs/findings.md "$name" "$run/numbers.txt" \
    "scripts/findings.sh --scale $scale $name"
done
