#!/usr/bin/env bash
# Trains the small networks that verdicts are judged by, each watched by livecca, and prints how often the verdicts came
# true: the table of docs/verdicts.md. About 15 minutes a seed on 2 cores. Runs that are complete are not made again.
# Usage: scripts/verdicts.sh [--seeds "20 22"] [--data DIR] [FOLDER]
#   --seeds  which seeds; 20 and 22 unless given. The rule was made on seeds 1 to 4 and 6, and looked at on the even ones from
#            8 to 22
#   --data   a folder with cifar-10-batches-bin and wikitext-2; ../shared/data if it is there, else all data is made
set -euo pipefail
cd "$(dirname "$0")/.."
seeds="20 22"
data=../shared/data
folder=build/verdicts
while [ $# -gt 0 ]; do
  case $1 in
    --seeds) seeds=${2:?"verdicts.sh: expected numbers after --seeds"}; shift 2 ;;
    --data) data=${2:?"verdicts.sh: expected a folder after --data"}; shift 2 ;;
    -*) echo "verdicts.sh: expected --seeds or --data, got '$1'" >&2; exit 2 ;;
    *) folder=$1; shift ;;
  esac
done
environment=build/python/environment-verdicts
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip --disable-pip-version-check install --quiet torch numpy .
options=()
[ -d "$data" ] && options=(--data "$data")
began=$SECONDS
pids=()
for part in 0 1; do  # both cores, each run on one of them
  # shellcheck disable=SC2086
  OMP_NUM_THREADS=1 "$environment/bin/python" bench/verdicts/make_runs.py "$folder" --seeds $seeds --part $part 2 "${options[@]}" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
# shellcheck disable=SC2086
"$environment/bin/python" bench/verdicts/judge_runs.py "$folder" --seeds $seeds
echo "seeds $seeds, $((SECONDS - began)) s"
