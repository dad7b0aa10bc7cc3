"""What record() writes: the rows that count, and the mode that the network ran in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from far_device import FarDevice
from torch import nn

import livecca
import watched
from livecca.torch import Monitor, record


class Both(nn.Module):
    """Images and steps, with a mask; changes in place what was heard."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.relu = nn.ReLU(inplace=True)
        self.steps = nn.Linear(6, 20)

    def forward(self, x: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.conv(x))
        y = self.steps(y.flatten(2).transpose(1, 2))
        y.data.add_(0.25)
        return y


def batches() -> list[dict[str, torch.Tensor]]:
    random = torch.Generator().manual_seed(3)
    return [
        {
            "x": torch.randn(10, 1, 6, 6, generator=random),
            "attention_mask": torch.rand(10, 16, generator=random) < 0.7,
        }
        for _ in range(3)
    ]


OPTIONS: dict[str, Any] = {"positions": 3, "max_features": 8, "precision": "exact"}


@pytest.mark.parametrize("samples", ["positions", "last", "pooled"])
def test_a_pack_is_the_same_with_rows_from_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: str
) -> None:
    model, readings = Both(), {"steps": ("ntc", samples)}
    packs = [tmp_path / "near.safetensors", tmp_path / "far.safetensors"]
    assert record(model, batches(), packs[0], readings=readings, **OPTIONS) == ()
    device = FarDevice()
    monkeypatch.setattr("livecca.torch._devices.device_rows.device_for", lambda _: device)
    assert record(model, batches(), packs[1], readings=readings, **OPTIONS) == ()
    assert packs[0].read_bytes() == packs[1].read_bytes()
    assert device.log.count("wait") == 3  # once a batch


def test_only_the_chosen_rows_of_a_device_are_recorded(tmp_path: Path, far: FarDevice) -> None:
    model = nn.Conv2d(1, 64, 3)
    x = torch.randn(10, 1, 32, 32)
    record(model, [x], tmp_path / "pack.safetensors", positions=4, max_features=8)
    # 10 images × 4 positions × 8 features, and where these positions are.
    assert far.numbers == 10 * 4 * 8 + 10 * 4


def test_what_cannot_be_recorded_of_a_device_is_told(tmp_path: Path, far: FarDevice) -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 3)
            self.other = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.fc(x) + self.other(x.unsqueeze(0).unsqueeze(0))[0, 0]

    batch = {"x": torch.randn(10, 5, 4), "attention_mask": torch.ones(10, 5)}
    told = record(Words(), [batch], tmp_path / "pack.safetensors")
    assert len(told) == 1 and told[0].startswith("other: ")


def test_the_mode_that_a_network_really_ran_in_is_kept(tmp_path: Path) -> None:
    class Trains(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.relu.train()
            return super().forward(x)

    x, _ = watched.data(rows=40)
    modes = {}
    for network in (watched.Net(), Trains()):
        network.train()
        name = type(network).__name__
        pack = tmp_path / f"{name}.safetensors"
        assert record(network, x.split(20), pack, "fc1") == ()
        assert network.training
        with Monitor(
            watched.Net(), "fc1", probe=x.split(20), run_dir=tmp_path / name,
            references={"other": pack}, synchronous=True,
        ) as monitor:  # fmt: skip
            monitor.snapshot()
        rows = livecca.read_run(tmp_path / name).of(livecca.MeasureRow)
        modes[name] = {row.modes for row in rows if row.reference == "other"}
    assert modes == {"Net": {("eval", "eval")}, "Trains": {("eval", "train")}}
