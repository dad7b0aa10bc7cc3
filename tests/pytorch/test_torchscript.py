"""TorchScript is made of a watched network as of any other."""

from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca.torch import Monitor

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit")
X, _ = watched.data(rows=20)


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(6, 3)
        self.fc2 = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(torch.relu(self.fc1(x)))


class Outer(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


def monitor_of(model: nn.Module, run_dir: Path) -> Monitor:
    return Monitor(
        model, "fc*", run_dir=run_dir, synchronous=True,
        train_stream=livecca.Schedule.every_steps(1),
    )  # fmt: skip


def step(model: nn.Module, monitor: Monitor) -> None:
    model(X).sum().backward()
    monitor.step()


def test_a_script_of_a_watched_network(tmp_path: Path) -> None:
    model = Plain()
    unwatched = torch.jit.script(copy.deepcopy(model))
    with monitor_of(model, tmp_path / "run") as monitor, monitor_of(model, tmp_path / "two") as two:
        step(model, monitor)
        two.step()
        script = torch.jit.script(model)
        assert script.code == unwatched.code and str(script.graph) == str(unwatched.graph)
        assert torch.equal(script(X), model(X))
        # Training goes on, and so does watching: the step in which it was made is left out.
        for _ in range(3):
            step(model, monitor)
            two.step()
        monitor.snapshot()
        two.snapshot()
        outer = Outer(model)
        torch.jit.script(outer)
        assert outer.inner is model
    for run in ("run", "two"):
        assert watched.train_samples(tmp_path / run) == {"fc1": 60, "fc2": 60}
        assert watched.events(tmp_path / run) == []
    assert "__prepare_scriptable__" not in vars(model)
    assert not model._forward_pre_hooks
    torch.jit.script(model)


def test_a_trace_of_a_watched_network(tmp_path: Path) -> None:
    model = Plain()
    unwatched = torch.jit.trace(copy.deepcopy(model), X)
    with monitor_of(model, tmp_path / "run") as monitor, warnings.catch_warnings():
        warnings.simplefilter("error", torch.jit.TracerWarning)
        trace = torch.jit.trace(model, X)
        assert str(trace.graph).count("aten::") == str(unwatched.graph).count("aten::")
        assert torch.equal(trace(X), model(X))
        monitor.step()
        step(model, monitor)
        monitor.snapshot()
    # The call that compares with the trace is one of training.
    assert watched.train_samples(tmp_path / "run") == {"fc1": 40, "fc2": 40}
    assert watched.events(tmp_path / "run") == []


@pytest.mark.parametrize("make", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_of_a_watched_network_run(tmp_path: Path, make: Any) -> None:
    model = Plain()
    with monitor_of(model, tmp_path / "run"):
        other = make(model)
        assert torch.equal(other(X), model(X))
        if make is copy.deepcopy:
            assert torch.equal(torch.jit.script(other)(X), model(X))
    assert "__prepare_scriptable__" not in vars(model)


def test_a_network_that_prepares_itself(tmp_path: Path) -> None:
    class Prepared(Plain):
        def __prepare_scriptable__(self) -> nn.Module:
            return nn.Sequential(self.fc1, self.fc2)

    model = Prepared()
    with monitor_of(model, tmp_path / "run"):
        assert torch.equal(torch.jit.script(model)(X), model.fc2(model.fc1(X)))
    assert "__prepare_scriptable__" not in vars(model)
