"""Tests use the installed package, or else the Python files of the source tree."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from far_device import FarDevice

if importlib.util.find_spec("livecca") is None:
    sys.path.insert(0, str(Path(__file__).parents[2] / "hooks" / "pytorch"))


@pytest.fixture(autouse=True)
def _one_thread_and_a_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(7)


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> FarDevice:
    device = FarDevice()
    monkeypatch.setattr("livecca.torch._devices.device_rows.device_for", lambda _: device)
    return device


@pytest.fixture(params=["near", "far"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether buffers are taken to lie on a device, where a look at them would wait."""
    if request.param == "far":
        monkeypatch.setattr("livecca.torch._probe.evaluation._is_on_device", lambda _: True)
    return str(request.param)
