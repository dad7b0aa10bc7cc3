#!/usr/bin/env bash
# Unpacks Debian's prometheus and promtool below FOLDER, for tests; nothing is installed and no daemon starts.
# FOLDER/usr/bin/ then has both. Where the package cannot be had, says why and leaves nothing.
# Usage: scripts/get_prometheus.sh FOLDER
set -euo pipefail
[ $# -eq 1 ] || { echo "get_prometheus.sh: expected a folder, got: $# arguments" >&2; exit 2; }
folder=$1
[ -x "$folder/usr/bin/prometheus" ] && [ -x "$folder/usr/bin/promtool" ] && exit 0

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/unpacking-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "get_prometheus.sh: expected apt-get and dpkg-deb: not a Debian machine"
  exit 0
fi
if ! apt-get download -qq prometheus >apt.log 2>&1; then
  echo "get_prometheus.sh: expected to download Debian's prometheus, got: $(grep -m 1 '^E:' apt.log || tail -n 1 apt.log)"
  exit 0
fi
dpkg-deb -x prometheus_*.deb unpacked
rm -rf "$folder/usr"
mv unpacked/usr "$folder/usr"
