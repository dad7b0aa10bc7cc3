#!/usr/bin/env bash
# Sets up, builds everything and runs every test.
# The Python package has a script of its own, scripts/test_python.sh, which comes last.
# Golden cases come from $LIVECCA_GOLDEN, or else from ../shared/golden beside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --tests
cmake --workflow --preset release
echo
echo "Golden cases, and tests that were skipped:"
sed -n -e 's/^\([a-z_]*\.sh: \)\?SKIPPED/  &/p' -e 's/.*MESSAGE: \(.*\(worst error\|SKIPPED\)\)/  \1/p' build/release/Testing/Temporary/LastTest.log
echo
scripts/test_python.sh
