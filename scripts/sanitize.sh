#!/usr/bin/env bash
# The unit and property tests under the address + undefined sanitizers, then under the thread sanitizer.
# Usage: scripts/sanitize.sh [asan|tsan]…     both if none is named
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
[ $# -gt 0 ] || set -- asan tsan
for preset in "$@"; do cmake --workflow --preset "$preset"; done
