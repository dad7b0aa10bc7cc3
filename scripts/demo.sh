#!/usr/bin/env bash
# Builds livecca and the live training example, and runs it. A small network trains, and its layers are compared with
# another network's, with their own start and, at the end, with their final state. Leaves the run's page, one file for a
# browser, in the run's folder.
# Usage: scripts/demo.sh [--serve] [options of live_training, e.g. --data path/to/cifar-10-batches-bin]
#   --serve  shows the page while the network trains, and until Ctrl-C
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/demo

serve=
run=
options=()
before=
for option in "$@"; do
  case $option in
    --serve) serve=yes; continue ;;
    --run=*) run=${option#--run=} ;;
  esac
  [ "$before" = --run ] && run=$option
  options+=("$option")
  before=$option
done
if [ -z "$run" ]; then
  run=runs/$(date +%Y-%m-%d_%H-%M-%S)
  options+=(--run "$run")
fi

"$root/scripts/setup.sh"
echo "Building live_training and livecca in $build"
mkdir -p "$build"
log=$build/build.log
if ! {
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON \
    -DLIVECCA_BUILD_LIBTORCH=ON -DLIVECCA_BUILD_SINKS=ON \
    -DLIVECCA_BUILD_EXAMPLES=ON -DLIVECCA_BUILD_TESTS=OFF &&
    cmake --build "$build" --target live_training --target livecca_program
} >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "demo.sh: the build failed; all of its output is in $log" >&2
  exit 1
fi
livecca=$build/tools/livecca/livecca

# Runs in the caller's folder, so that relative paths in options start there. runs/ is made there too.
server=
if [ -n "$serve" ]; then
  mkdir -p "$run"
  # The training's lines come between, so the address is read from a file.
  said=$build/serve.log
  : >"$said"
  "$livecca" serve "$run" >"$said" &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  for _ in $(seq 50); do
    grep -q http "$said" && break
    kill -0 "$server" 2>/dev/null || exit 2  # it said why
    sleep 0.1
  done
  address=$(grep -o 'http[^ ]*' "$said")
  echo "The page, while it trains: $address"
  if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    xdg-open "$address" >/dev/null 2>&1 &
  fi
fi

status=0
"$build/examples/live_training/live_training" "${options[@]}" || status=$?
[ -s "$run/rows.jsonl" ] || exit "$status"
"$livecca" serve "$run" --export "$run/page.html" >/dev/null && echo "The page, for a browser: $run/page.html"
echo "The page, live: $livecca serve $run"
if [ -n "$server" ]; then
  echo "It is served at $address until Ctrl-C"
  wait "$server" || true
fi
exit "$status"
