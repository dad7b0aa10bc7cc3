#!/usr/bin/env bash
# Unpacks Debian's prometheus and promtool into FOLDER/usr/bin/, for tests. Installs nothing and starts no daemon.
# Exit status: 77 if Debian's archive cannot be reached, 1 for any other failure. Both print the reason and leave no files.
# Usage: scripts/get_prometheus.sh FOLDER
set -euo pipefail
stop() {
  echo "get_prometheus.sh: $2"
  exit "$1"
}
[ $# -eq 1 ] || stop 1 "expected a folder, got: $# arguments"
folder=$1
[ -x "$folder/usr/bin/prometheus" ] && [ -x "$folder/usr/bin/promtool" ] && exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  stop 77 "SKIPPED: expected apt-get and dpkg-deb, as Debian has them"
fi

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/unpacking-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! LC_ALL=C apt-get download -qq prometheus >apt.log 2>&1; then
  got=$(grep -m 1 '^E:' apt.log || tail -n 1 apt.log)
  no_way='Could not resolve|Temporary failure resolving|Could not connect|Unable to connect|Cannot initiate the connection'
  no_way+='|Connection (failed|refused|timed out)|Network is unreachable|No route to host'
  grep -qE "$no_way" apt.log && stop 77 "SKIPPED: expected to reach Debian's archive, got: $got"
  stop 1 "expected to download Debian's prometheus, got: $got"
fi
dpkg-deb -x prometheus_*.deb unpacked || stop 1 "expected to unpack Debian's prometheus"
rm -rf "$folder/usr"
mv unpacked/usr "$folder/usr"
