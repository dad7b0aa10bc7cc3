"""Small networks and short ways to a run's rows, for the tests of the monitor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

import livecca
from livecca.torch import Monitor

MEASURES = ["pwcca", "linear_cka"]


class Net(nn.Module):
    """Has what a pass could change: batch norm, dropout, a ReLU in place."""

    def __init__(self, seed: int = 3) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.fc1 = nn.Linear(6, 3)
        self.norm = nn.BatchNorm1d(3)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.3)
        self.fc2 = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(self.dropout(self.relu(self.norm(self.fc1(x)))))


def data(rows: int = 256, seed: int = 11) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, :3]).argmax(1)


def train(
    model: nn.Module,
    monitor: Monitor | None = None,
    *,
    epochs: int = 2,
    first: int = 0,
    call: Callable[..., Any] | None = None,
    optimizer: torch.optim.Optimizer | None = None,
) -> None:
    """A training as anyone writes it; `call` is what runs the model, if it is not itself."""
    x, y = data()
    run = model if call is None else call
    if optimizer is None:
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    for epoch in range(first, first + epochs):
        torch.manual_seed(100 + epoch)
        for part, labels in zip(x.split(32), y.split(32), strict=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(run(part), labels).backward()
            optimizer.step()
            if monitor is not None:
                monitor.step()
        if monitor is not None:
            monitor.snapshot(epoch)


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def events(run_dir: Path, what: str = "") -> list[livecca.EventRow]:
    """The events of a run. One that came again is written again with its count: the last one.

    Most probes here are small, and most trainings see one batch again and again. So this is left
    out unless it is asked for.
    """
    last: dict[Any, livecca.EventRow] = {}
    for row in livecca.read_run(run_dir).of(livecca.EventRow):
        if row.what == what or (
            not what and row.what not in ("finished", "small_probe", "repeated_images")
        ):
            last[row.what, row.subject, row.message] = row
    return list(last.values())


def number(
    run_dir: Path,
    layer: str,
    reference: str,
    measure: str,
    *,
    stream: str = "probe",
    epoch: int = 0,
) -> livecca.MeasureRow:
    """The one row of this key."""
    key = (layer, reference, measure, stream, epoch)
    [row] = [
        row
        for row in livecca.read_run(run_dir).of(livecca.MeasureRow)
        if (row.layer, row.reference, row.measure, row.stream, row.epoch) == key
    ]
    return row


def train_samples(run_dir: Path) -> dict[str, int]:
    """Rows that the train stream saw of each layer of the trained network, all snapshots."""
    seen: dict[str, int] = {}
    for row in livecca.read_run(run_dir).of(livecca.LayerRow):
        if row.stream == "train" and row.network == "net":
            seen[row.layer] = seen.get(row.layer, 0) + row.samples
    return seen
