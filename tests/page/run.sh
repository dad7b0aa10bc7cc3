#!/usr/bin/env bash
# Tests the page of `livecca serve` in chromium, on made runs, and that the kept page is what its source makes.
# Exits with 77 and a reason where Node or npm's packages are missing. Without chromium it tests only what needs no browser,
# and exits with 77 too.
# Usage: [LIVECCA_PROGRAM=path/to/livecca] tests/page/run.sh [options of node --test]
# With LIVECCA_PROGRAM, the page is also tested with that program as its server.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
page=$root/tools/page
export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}

skip() {
  echo "run.sh: SKIPPED: tests of the page: $1"
  exit 77
}
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || skip "node is $(node --version), and 18 or later is needed"

# Again only if the lock says something else: npm ci takes seconds and needs the network.
stamp=$page/node_modules/.lock-of-these
if ! cmp -s "$page/package-lock.json" "$stamp"; then
  (cd "$page" && npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>"${TMPDIR:-/tmp}/livecca-npm.log") ||
    skip "npm ci failed: $(tail -n 1 "${TMPDIR:-/tmp}/livecca-npm.log")"
  cp "$page/package-lock.json" "$stamp"
fi
if [ -n "${LIVECCA_PROGRAM:-}" ]; then
  LIVECCA_PROGRAM=$(realpath "$LIVECCA_PROGRAM")
  export LIVECCA_PROGRAM
fi
cd "$root/tests/page"
if [ -z "$CHROMIUM" ]; then
  # What needs no browser is tested all the same.
  node --test "$@" ./build.test.mjs ./pure.test.mjs
  skip "chromium is not installed"
fi
exec node --test --test-concurrency=2 "$@" ./*.test.mjs
