"""Tests of the installed package, without PyTorch."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    """Cases with expected values, which lie outside of the repository."""
    folder = Path(os.environ.get("LIVECCA_GOLDEN", ROOT.parent / "shared" / "golden"))
    if not (folder / "golden.json").exists():
        pytest.skip(f"SKIPPED: no golden cases in {folder}")
    return folder
