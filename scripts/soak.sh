#!/usr/bin/env bash
# Sets up, builds and runs what takes too long for the tests:
# - A small training is killed again and again, and resumed from its last checkpoint each time. Its rows must be those
#   of a training that was not killed.
# - The same where several threads commit at the same time, with TensorBoard's sink on. What TensorBoard shows must be
#   the same too.
# - A training makes many steps. Its memory must not grow, and all of its snapshots must have their rows.
# Usage: scripts/soak.sh [--kills N] [--threads-kills N] [--steps N] [--seed N]
#   default: 50 kills, 60 with threads, 200000 steps, seed 1
# The files of the runs stay in build/soak/runs. Exits with 1 if anything failed.
set -euo pipefail
cd "$(dirname "$0")/.."
kills=50
threads_kills=60
steps=200000
seed=1
while [ $# -gt 0 ]; do
  [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || { echo "soak.sh: expected a number after '$1'" >&2; exit 2; }
  case $1 in
    --kills) kills=$2 ;;
    --threads-kills) threads_kills=$2 ;;
    --steps) steps=$2 ;;
    --seed) seed=$2 ;;
    *) echo "soak.sh: expected --kills, --threads-kills, --steps or --seed, got '$1'" >&2; exit 2 ;;
  esac
  shift 2
done

scripts/setup.sh
build=build/soak
echo "Building livecca_soak in $build"
mkdir -p "$build"
if ! {
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLIVECCA_BUILD_TENSORBOARD=ON \
    -DLIVECCA_BUILD_LIBTORCH=OFF -DLIVECCA_BUILD_EXAMPLES=OFF -DLIVECCA_BUILD_TOOLS=OFF &&
    cmake --build "$build" --target livecca_soak
} >"$build/build.log" 2>&1; then
  tail -n 40 "$build/build.log" >&2
  echo "soak.sh: the build failed; all of its output is in $build/build.log" >&2
  exit 1
fi

program=$build/tests/soak/livecca_soak
failed=0
check() {  # name, arguments of the program
  local name=$1 begin=$SECONDS
  shift
  if "$program" "$@" --seed "$seed"; then
    summary+="PASS  $name ($((SECONDS - begin)) s)"$'\n'
  else
    summary+="FAIL  $name ($((SECONDS - begin)) s)"$'\n'
    failed=1
  fi
}
summary=
mkdir -p "$build/runs"
echo "Killing, seed $seed"
check "$kills kills, each resumed: rows, weights and history as without kills" kill "$build/runs/kills" --kills "$kills"
check "$threads_kills kills while several threads commit: the same, and TensorBoard's curves" \
  kill "$build/runs/threads" --kills "$threads_kills" --variant 4
echo "Training for long, seed $seed"
check "$steps train steps: memory and snapshots" memory "$build/runs/long" --steps "$steps"
echo
printf '%s' "$summary"
exit "$failed"
