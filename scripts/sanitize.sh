#!/usr/bin/env bash
# Runs the unit and property tests under the address + undefined sanitizers (asan), then under the thread sanitizer (tsan).
# Usage: scripts/sanitize.sh [asan|tsan]…     default: both
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
[ $# -gt 0 ] || set -- asan tsan
for preset in "$@"; do cmake --workflow --preset "$preset"; done
