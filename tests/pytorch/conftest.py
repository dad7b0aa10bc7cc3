"""Tests use the installed package, or else the Python files of the source tree."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

if importlib.util.find_spec("livecca") is None:
    sys.path.insert(0, str(Path(__file__).parents[2] / "hooks" / "pytorch"))


@pytest.fixture(autouse=True)
def _one_thread_and_a_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(7)
