#!/usr/bin/env bash
# Reproduces findings of the papers that livecca rests on. On real data it rebuilds docs/findings*.md: their figures, and
# the numbers and the machine below each; with made data, or at the scale of the papers, figures and numbers lie beside
# the run. A finding that has a run folder already is drawn from it; remove the folder to run it again.
# Usage: scripts/findings.sh [--scale small|more|paper] [--data FOLDER] [--runs FOLDER] [NAME…]
#   NAME    one of the names below; all that have the scale unless given
#   --scale  small: at most 20 minutes each on two cores; more: small with one change that the papers suggest; paper: theirs
#   --data  a folder with cifar-10-batches-bin and wikitext-2 (or ptb); ../shared/data if it is there, else data are made
set -euo pipefail
cd "$(dirname "$0")/.."
all=(signal_and_noise bottom_up_cnn memorizing_cnn width_cnn learning_rates_cnn bottom_up_rnn sequence_dynamics
  freeze_training class_structure)
have_more=(learning_rates_cnn bottom_up_rnn freeze_training)
scale=small
runs=build/findings/runs
data=../shared/data
asked_data=
names=()
while [ $# -gt 0 ]; do
  case $1 in
    --scale) scale=${2:?"findings.sh: expected small, more or paper after --scale"}; shift 2 ;;
    --data) data=${2:?"findings.sh: expected a folder after --data"}; asked_data=yes; shift 2 ;;
    --runs) runs=${2:?"findings.sh: expected a folder after --runs"}; shift 2 ;;
    -*) echo "findings.sh: expected --scale, --data, --runs or names, got '$1'" >&2; exit 2 ;;
    *) names+=("$1"); shift ;;
  esac
done
case $scale in
  small | paper) ;;
  more) all=("${have_more[@]}") ;;
  *) echo "findings.sh: expected --scale small, more or paper, got '$scale'" >&2; exit 2 ;;
esac
[ ${#names[@]} -gt 0 ] || names=("${all[@]}")
for name in "${names[@]}"; do
  [[ " ${all[*]} " == *" $name "* ]] || { echo "findings.sh: expected one of: ${all[*]}, got '$name'" >&2; exit 2; }
done
scripts/setup.sh --findings
cmake --preset release -B build/findings -D LIVECCA_BUILD_TESTS=OFF -D LIVECCA_BUILD_EXAMPLES=ON >/dev/null
cmake --build build/findings --target "${names[@]}" livecca_program
mkdir -p "$runs"
export PYTHONDONTWRITEBYTECODE=1
for name in "${names[@]}"; do
  run=$runs/$name-$scale
  options=(--scale "$scale" --run "$run")
  command="scripts/findings.sh --scale $scale $name"
  page=docs/findings.md
  case $name in
    signal_and_noise) folders=() ;;
    bottom_up_rnn | sequence_dynamics) folders=(wikitext-2 ptb) page=docs/findings_text.md ;;
    *) folders=(cifar-10-batches-bin) ;;
  esac
  found=
  for folder in "${folders[@]}"; do
    if [ -d "$data/$folder" ]; then found=$data/$folder; break; fi
  done
  if [ -n "$found" ]; then
    options+=(--data "$found")
  elif [ -n "$asked_data" ] && [ ${#folders[@]} -gt 0 ]; then
    echo "findings.sh: $data: expected a folder with ${folders[*]}, got one without" >&2; exit 2
  fi
  # Beside the run stands what it was made from.
  data_of_run=made
  [ -z "$found" ] || data_of_run=$(realpath "$found")
  if [ -d "$run" ] && [ -f "$run.data" ] && [ "$(cat "$run.data")" != "$data_of_run" ]; then
    echo "findings.sh: $run: expected a run on $data_of_run, got one on $(cat "$run.data"); remove it, or use --runs" >&2
    exit 2
  fi
  # A finding that was interrupted goes on; one that is done is only drawn.
  if [ ! -d "$run" ] || [ ! -f "$run.numbers" ]; then
    rm -f "$run.numbers"
    [ "$name" = signal_and_noise ] && rm -rf "$run"  # it takes seconds, so it begins anew
    echo "$data_of_run" >"$run.data"
    build/findings/examples/findings/"$name" "${options[@]}" >"$run.txt"
    examples/findings/figures/compare_groups.sh build/findings/tools/livecca/livecca "$run"
    echo "$(nproc) cores of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(date +%F)" >"$run.machine"
    mv "$run.txt" "$run.numbers"
  fi
  # The page is about real data; others, and runs at the scale of the papers, have their figure beside the run.
  shown=$name
  [ "$scale" = small ] || shown=${name}_$scale
  if [ "$scale" != paper ] && { [ -n "$found" ] || [ ${#folders[@]} -eq 0 ]; }; then
    /usr/bin/python3 "examples/findings/figures/draw_$name.py" "$run" "docs/images/finding_$shown" >"$run.drawn"
    /usr/bin/python3 examples/findings/figures/put_numbers.py "$page" "$shown" "$run.numbers" "$run.drawn" \
      "$command" "$(cat "$run.machine")"
  else
    /usr/bin/python3 "examples/findings/figures/draw_$name.py" "$run" "$run" >"$run.drawn"
    echo "$run.png"
  fi
  cat "$run.numbers" "$run.drawn"
done
