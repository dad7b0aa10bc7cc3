#!/usr/bin/env bash
# Runs a test that asks promtool, of the package in FOLDER; exit status 77, with the reason, where there is none.
# Usage: with_promtool.sh FOLDER COMMAND…
set -euo pipefail
promtool=$1/usr/bin/promtool
shift
if [ ! -x "$promtool" ]; then
  echo "SKIPPED: no $promtool; scripts/get_prometheus.sh says why"
  exit 77
fi
exec "$@"
