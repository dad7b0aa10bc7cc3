#!/usr/bin/env bash
# Builds the Python package as pip does, installs it in a virtual environment of its own, and runs its tests: those of
# tests/python with NumPy alone, those of tests/pytorch with the newest PyTorch, Lightning and transformers. The C++ hook
# is compiled against the headers of that PyTorch too.
# Usage: scripts/test_python.sh [--torch VERSION] [--python PROGRAM]
#   --torch VERSION   test with this version of PyTorch instead of the newest, and transformers 4
#   --python PROGRAM  python3.10, say, instead of python3
# Without 12 GB of free disk for PyTorch, or without PyPI, it says so and skips.
set -euo pipefail
cd "$(dirname "$0")/.."
torch=
python=python3
while [ $# -gt 0 ]; do
  case $1 in
    --torch) torch=${2:?"test_python.sh: expected a version after --torch"} ;;
    --python) python=${2:?"test_python.sh: expected a program after --python"} ;;
    *) echo "test_python.sh: expected --torch or --python, got '$1'" >&2; exit 2 ;;
  esac
  shift 2
done

environment=build/python/environment-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')${torch:+-torch-$torch}
[ -x "$environment/bin/python" ] || "$python" -m venv "$environment"
pip() { "$environment/bin/python" -m pip --disable-pip-version-check "$@"; }
if ! pip download --quiet --no-deps --dest build/python/reachable nanobind >/dev/null 2>&1; then
  echo "SKIPPED: pip cannot reach PyPI, so the Python package is not tested"
  exit 0
fi

echo "Building and installing the Python package"
pip install --quiet numpy pytest pytest-xdist mypy pandas polars .
"$environment/bin/livecca" --version
"$environment/bin/python" -m pytest -q -rs -n "$(nproc)" tests/python

free_gigabytes=$(($(df --output=avail -k . | tail -1) / 1000000))
if [ "$free_gigabytes" -lt 12 ] && ! "$environment/bin/python" -c 'import torch' 2>/dev/null; then
  echo "SKIPPED: PyTorch needs 12 GB of free disk, there are $free_gigabytes; livecca.torch is not tested"
  exit 0
fi
echo "Installing PyTorch"
if [ -n "$torch" ]; then
  # transformers 5 takes no PyTorch before 2.5.
  pip install --quiet "torch==$torch" "transformers<5" lightning accelerate
else
  pip install --quiet torch transformers lightning accelerate jax flax
fi
"$environment/bin/python" -c 'import torch; print("PyTorch", torch.__version__)'
echo "Compiling hooks/libtorch against its headers"
headers=$("$environment/bin/python" -c 'import torch, pathlib; print(pathlib.Path(torch.__file__).parent / "include")')
for source in hooks/libtorch/src/*.cpp; do echo "#include \"$PWD/$source\""; done |
  g++ -std=c++20 -fsyntax-only -x c++ -Iinclude -Ihooks/libtorch/include -Ihooks/libtorch/src -isystem "$headers" \
    -isystem "$headers/torch/csrc/api/include" -
"$environment/bin/python" -m pytest -q -rs -n "$(nproc)" --dist worksteal tests/pytorch
