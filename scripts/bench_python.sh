#!/usr/bin/env bash
# Measures what watching costs a training in PyTorch, and livecca.compare against NumPy's route to the same number.
# Takes ten minutes on two cores. Nothing else should run. It uses what scripts/test_python.sh has installed.
# Usage: scripts/bench_python.sh
set -euo pipefail
cd "$(dirname "$0")/.."
python=build/python/environment-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')/bin/python
if ! "$python" -c 'import torch, livecca.torch' 2>/dev/null; then
  scripts/test_python.sh
fi
"$python" bench/python/comparing.py
"$python" bench/python/training.py
