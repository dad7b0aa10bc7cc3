"""Watching keeps no tensor alive, and takes many layers."""

from __future__ import annotations

import gc
import resource
import time
import weakref
from collections import deque
from pathlib import Path
from typing import Any

import torch
from torch import nn

import livecca
import watched
from livecca.torch import Monitor, tap

X, _ = watched.data(rows=40)


class Remembering(watched.Net):
    """Knows its activations without keeping them."""

    def __init__(self) -> None:
        super().__init__()
        # No list: what a pass over the probe adds to one is taken away again.
        self.alive: deque[weakref.ref[Any]] = deque()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.fc1(x)
        z = tap("sum", y + 1)
        self.alive += [weakref.ref(x), weakref.ref(y), weakref.ref(z)]
        return self.fc2(z)


def test_no_activation_stays_alive_between_steps(tmp_path: Path) -> None:
    model = Remembering()
    monitor = Monitor(
        model, ["fc1", "fc2"], probe=X.split(20), run_dir=tmp_path / "run", synchronous=True,
        references={"other": watched.Net(8)}, train_stream=livecca.Schedule.every_steps(1),
    )  # fmt: skip
    gc.collect()
    gc.disable()  # what lives must not wait for it
    try:
        with monitor:
            for _ in range(3):
                model(X.clone()).sum().backward()
                assert [ref() for ref in model.alive] == [None] * len(model.alive) != []
                monitor.step()
                monitor.snapshot()
                assert [ref() for ref in model.alive] == [None] * len(model.alive)
    finally:
        gc.enable()
    assert len(model.alive) == 3 * (1 + 2) * 3


def test_a_network_is_let_go(tmp_path: Path) -> None:
    model = watched.Net()
    alive = weakref.ref(model)
    monitor = Monitor(model, "fc1", probe=[X], run_dir=tmp_path / "run",
                      train_stream=livecca.Schedule.every_steps(1))  # fmt: skip
    monitor.finish()
    del model, monitor
    gc.collect()
    assert alive() is None


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_memory_does_not_grow_with_steps(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64))
    x = torch.randn(200, 6)
    # One activation that is kept of each step, the smallest: 51 kB × 1500 steps.
    kept = 4 * 200 * 64 * 1500
    monitor = Monitor(
        model, "*", probe=[X], run_dir=tmp_path / "run", synchronous=True, keep_history=False,
        train_stream=livecca.Schedule.every_steps(1),
    )  # fmt: skip
    before = 0
    with monitor:
        for step in range(2000):
            model(x).sum().backward()
            monitor.step()
            if step % 100 == 99:
                monitor.snapshot()
            if step == 499:
                before = resident_bytes()
        grown = resident_bytes() - before
    print(f"resident memory grew by {grown / 1e6:.1f} MB in 1500 steps and 15 snapshots")
    assert grown < kept / 10


class Deep(nn.Module):
    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Sequential(nn.LayerNorm(4)))
            for _ in range(blocks)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = x + block(x)
        return x


def test_a_network_of_two_thousand_modules(tmp_path: Path) -> None:
    model = Deep(400)
    assert len(list(model.modules())) > 2000
    begin = time.perf_counter()
    monitor = Monitor(
        model, "*", probe=[torch.randn(20, 4)], run_dir=tmp_path / "run", keep_history=False,
        measures=["linear_cka"], train_stream=livecca.Schedule.every_steps(1),
    )  # fmt: skip
    made = time.perf_counter()
    model(torch.randn(20, 4)).sum().backward()
    trained = time.perf_counter()
    monitor.step()
    stepped = time.perf_counter()
    report = monitor.snapshot()
    probed = time.perf_counter()
    assert len([row for row in report.rows if isinstance(row, livecca.LayerRow)]) == 2 * 2000
    monitor.finish()
    print(f"2,000 layers: {made - begin:.2f} s to begin, {trained - made:.2f} s for a step that is "
          f"heard, {probed - stepped:.2f} s for a pass over the probe")  # fmt: skip
    assert probed - begin < 20
    assert watched.events(tmp_path / "run", "unwatchable") == []
