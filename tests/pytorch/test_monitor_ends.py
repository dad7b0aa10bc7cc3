"""How a torch monitor's run ends if nobody ends it."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

import livecca
import watched
from livecca.torch import Monitor

X = torch.randn(60, 6, generator=torch.Generator().manual_seed(2))


def is_finished(run: Path) -> bool:
    references = {row.reference for row in livecca.read_run(run).of(livecca.MeasureRow)}
    return len(watched.events(run, "finished")) == 1 and "final" in references


@pytest.mark.parametrize("hears_training", [False, True])
def test_a_monitor_that_is_let_go_finishes_its_run(tmp_path: Path, hears_training: bool) -> None:
    options: dict[str, Any] = {}
    if hears_training:  # the network then holds the monitor, and goes with it
        options["train_stream"] = livecca.Schedule.every_steps(1)

    def train() -> weakref.ref[Monitor]:
        model = watched.Net()
        monitor = Monitor(model, ["fc1"], probe=[X], run_dir=tmp_path / "run", **options)
        for epoch in range(2):
            model(X).sum().backward()
            monitor.step()
            monitor.snapshot(epoch)
        return weakref.ref(monitor)

    held = train()
    gc.collect()
    assert held() is None
    assert is_finished(tmp_path / "run")


def test_a_forward_pass_that_ctrl_c_ends_is_no_crash(tmp_path: Path) -> None:
    code = """
import sys, torch, livecca.torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.is_interrupted = nn.Linear(4, 4), False
    def forward(self, x):
        y = self.layer(x)
        if self.is_interrupted: raise KeyboardInterrupt
        return y
net = Net()
monitor = livecca.torch.Monitor(net, ["layer"], probe=[torch.randn(60, 4)], run_dir=sys.argv[1],
    train_stream=livecca.Schedule.every_steps(1))
for epoch in range(2):
    net(torch.randn(60, 4)).sum().backward()
    monitor.step()
    monitor.snapshot()
net.is_interrupted = True
net(torch.randn(60, 4))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGINT
    assert done.stderr.splitlines()[-1] == "KeyboardInterrupt"
    assert is_finished(tmp_path / "run")
    [event] = watched.events(tmp_path / "run", "step_discarded")
    assert event.subject == "train"


@pytest.mark.parametrize("method", ["close", "finish"])
def test_a_callback_cannot_end_its_own_monitor(tmp_path: Path, method: str) -> None:
    def on_snapshot(_: livecca.Snapshot) -> None:
        getattr(monitor, method)()

    model = watched.Net()
    monitor = Monitor(model, ["fc1"], probe=[X], run_dir=tmp_path / "run", synchronous=True,
                      on_snapshot=on_snapshot,
                      train_stream=livecca.Schedule.every_steps(1))  # fmt: skip
    for epoch in range(2):
        model(X).sum().backward()
        monitor.step()
        monitor.snapshot(epoch)
    report = monitor.finish()
    assert report is not None and report.measures
    assert is_finished(tmp_path / "run")
    assert sum(watched.train_samples(tmp_path / "run").values()) == 120
    messages = {event.message for event in watched.events(tmp_path / "run", "callback_failed")}
    assert [f"{method}: expected a call from outside" in message for message in messages] == [True]
