"""What plan() says before training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import livecca
import livecca.torch


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 36, 40)
    )


def test_a_plan_has_the_facts_of_each_layer(tmp_path: Path) -> None:
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    probe = torch.randn(300, 3, 6, 6).split(128)
    with livecca.torch.Monitor(model, ["0", "3"], probe=probe, run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
    conv, dense = plan.layers
    assert (conv.name, conv.layout, conv.shape, conv.features) == ("0", "nchw", (128, 8, 6, 6), 8)
    assert (dense.name, dense.layout, dense.features) == ("3", "nc", 40)
    assert plan.images == conv.images == 300
    # 16 of 36 positions are kept, in half precision.
    assert (conv.disk_bytes, dense.disk_bytes) == (2 * 300 * 16 * 8, 2 * 300 * 40)
    assert conv.advice == "" and dense.advice == "too few inputs: 400 would do"
    # An unrelated layer of this width would have this score.
    x, y = (torch.randn(300, 40) for _ in range(2))
    unrelated = livecca.compare(x, y).similarity["mean_cca"]
    assert dense.floor == pytest.approx(unrelated, rel=0.1)
    text = str(plan)
    assert "300 inputs" in text and "too few inputs: 400 would do" in text
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_plan_names_what_cannot_be_heard(tmp_path: Path) -> None:
    class Direct(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used = nn.Linear(4, 4)
            self.direct = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.direct.forward(self.used(x))

    probe = [torch.randn(50, 4)]
    with livecca.torch.Monitor(Direct(), "*", probe=probe, run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
    assert [layer.name for layer in plan.layers] == ["used"]
    assert plan.left_out == {"direct": "it was not called"}
    assert "direct: left out, it was not called" in str(plan)
