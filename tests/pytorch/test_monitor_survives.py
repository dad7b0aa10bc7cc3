"""What networks do beside an ordinary forward pass: watching goes on or says why it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import livecca
import watched
from livecca.torch import Monitor

X, Y = watched.data(rows=20)


def monitor_of(model: nn.Module, run_dir: Path, **options: Any) -> Monitor:
    options = {"train_stream": livecca.Schedule.every_steps(1), **options}
    return Monitor(model, ["fc1", "fc2"], run_dir=run_dir, synchronous=True, **options)


class Replayed(watched.Net):
    """As after torch.cuda.make_graphed_callables(): forward() replays kernels, and no module."""

    def capture(self) -> None:
        def replay(x: torch.Tensor) -> torch.Tensor:
            x = functional.linear(x, self.fc1.weight, self.fc1.bias)
            return functional.linear(x, self.fc2.weight, self.fc2.bias)

        self.forward = replay  # type: ignore[method-assign]


def test_layers_that_never_fire_in_a_replay_are_named_after_the_first_step(tmp_path: Path) -> None:
    alone, beside = Replayed(), Replayed()
    for model in (alone, beside):
        model.capture()
    watched.train(alone)
    with monitor_of(beside, tmp_path / "run", probe=[X]) as monitor:
        beside(X).sum().backward()
        monitor.step()
        told = watched.events(tmp_path / "run", "unwatchable")
        assert {event.subject for event in told} == {"net/fc1", "net/fc2"}
        assert all("expected the layer to be called in training" in e.message for e in told)
        beside.zero_grad()
        watched.train(beside, monitor)
    assert watched.same_weights(alone, beside)
    assert watched.train_samples(tmp_path / "run") == {}
    # Once of training and once of the probe, not at every step.
    for layer in ("net/fc1", "net/fc2"):
        told = watched.events(tmp_path / "run", "unwatchable")
        assert max(event.count for event in told if event.subject == layer) <= 2


class Mixed(watched.Net):
    """Has parameters on device meta beside those on the CPU."""

    def __init__(self, uses_them: bool) -> None:
        super().__init__()
        self.aside = nn.Linear(3, 3, device="meta")
        self.uses_them = uses_them

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc1(x)
        if self.uses_them:
            self.aside(x.to("meta"))
        return self.fc2(x)


@pytest.mark.parametrize("uses_them", [False, True])
def test_parameters_on_device_meta_beside_others(tmp_path: Path, uses_them: bool) -> None:
    model = Mixed(uses_them)
    with Monitor(
        model, ["fc1", "aside", "fc2"], run_dir=tmp_path / "run", probe=[X], synchronous=True,
        train_stream=livecca.Schedule.every_steps(1),
    ) as monitor:  # fmt: skip
        model(X).sum().backward()
        monitor.step()
        monitor.snapshot()
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    seen = {(row.layer, row.stream): row.samples for row in rows if row.samples > 0}
    assert seen == {
        (layer, stream): 20 for layer in ("fc1", "fc2") for stream in ("probe", "train")
    }
    told = watched.events(tmp_path / "run", "unwatchable")
    assert {event.subject for event in told} == {"net/aside"}
    why = "a meta tensor, which has no values" if uses_them else "expected the layer to be called"
    assert all(why in event.message for event in told)


def test_a_network_without_values_costs_a_pass_and_not_the_training(tmp_path: Path) -> None:
    model = watched.Net()
    model.fc1.to("meta")
    with monitor_of(model, tmp_path / "run", probe=[X]) as monitor:
        monitor.snapshot()
        model.fc1.to_empty(device="cpu")
        model.fc1.reset_parameters()
        monitor.snapshot()
    [event] = watched.events(tmp_path / "run", "step_discarded")
    assert "expected parameters with values, got some on device meta" in event.message
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert {row.epoch for row in rows if row.samples > 0} == {1}


@pytest.mark.parametrize("where", ["network", "layer before", "layer after"])
@pytest.mark.parametrize("keeps", [True, False])
def test_a_hook_that_the_network_adds_in_mid_forward(
    tmp_path: Path, where: str, keeps: bool
) -> None:
    class Adding(watched.Net):
        def __init__(self) -> None:
            super().__init__()
            self.heard = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.fc1(x)
            target = {"network": self, "layer before": self.fc1, "layer after": self.fc2}[where]
            handle = target.register_forward_hook(self.hear)
            x = self.fc2(x)
            if not keeps:
                handle.remove()
            return x

        def hear(self, *_: Any) -> None:
            self.heard += 1

    def run(run_dir: Path | None) -> Adding:
        model = Adding()
        monitor = None if run_dir is None else monitor_of(model, run_dir)
        for _ in range(3):
            model(X).sum().backward()
            if monitor is not None:
                monitor.step()
        if monitor is not None:
            monitor.snapshot()
            monitor.close()
        return model

    alone, beside = run(None), run(tmp_path / "run")
    # A module without any hook takes a short way in PyTorch, and does not see one that comes while
    # it runs. The watched network has a hook already, so it does.
    assert beside.heard - alone.heard == (1 if where == "network" and keeps else 0)
    assert len(beside._forward_hooks) == len(alone._forward_hooks)
    assert len(beside.fc1._forward_hooks) == len(alone.fc1._forward_hooks)
    assert watched.train_samples(tmp_path / "run") == {"fc1": 60, "fc2": 60}
    assert watched.events(tmp_path / "run") == []


def test_an_overhead_budget_lets_fewer_steps_be_observed(tmp_path: Path) -> None:
    def observed(run_dir: Path, budget: float) -> int:
        model = watched.Net()
        with monitor_of(model, run_dir, overhead_budget=budget) as monitor:
            for _ in range(40):
                model(X).sum().backward()
                monitor.step()
            monitor.snapshot()
        return watched.train_samples(run_dir).get("fc1", 0)

    assert observed(tmp_path / "all", 0.0) == 40 * 20
    # A millionth: after the first step that was observed, none is affordable for a long time.
    few = observed(tmp_path / "few", 1e-6)
    assert 0 < few <= 10 * 20
