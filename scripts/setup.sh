#!/usr/bin/env bash
# Installs the Debian packages that livecca needs. Safe to run again: it installs only what is missing.
# Usage: scripts/setup.sh [--tests|--tidy|--fuzz|--findings]   --tests also installs a browser and Node, which the page's tests need,
#                                                   --tidy clang-format and clang-tidy,
#                                                   --fuzz clang with its sanitizers and libFuzzer,
#                                                   --findings what draws figures
set -euo pipefail

packages=(
  g++ cmake ninja-build
  libeigen3-dev libtbb-dev libxtensor-dev doctest-dev
  liblapacke-dev libopenblas-dev nlohmann-json3-dev libcli11-dev libbenchmark-dev
  libtorch-dev
  zlib1g-dev  # the TensorBoard sink; its tests need the next line
  libpng-dev protobuf-compiler python3-venv
  libboost-dev  # the HTTP server of the Prometheus sink
)
if [ "${1:-}" = "--tests" ]; then
  packages+=(chromium)
  # Node may have come from elsewhere, with npm in it.
  command -v node >/dev/null || packages+=(nodejs)
  command -v npm >/dev/null || packages+=(npm)
fi
[ "${1:-}" = "--tidy" ] && packages+=(clang-format clang-tidy)
[ "${1:-}" = "--findings" ] && packages+=(python3-matplotlib)
[ "${1:-}" = "--fuzz" ] && packages+=(clang libclang-rt-dev)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup.sh: expected to be root or to have sudo, to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
