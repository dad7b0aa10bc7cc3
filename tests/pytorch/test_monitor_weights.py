"""Training gives the same weights, bit for bit, with and without livecca."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca.torch import Monitor
from watched import Net


def monitor_of(model: nn.Module, run_dir: Path, **options: Any) -> Monitor:
    x, _ = watched.data(rows=60, seed=5)
    options.setdefault("train_stream", livecca.Schedule.every_steps(2))
    return Monitor(model, ["fc1", "relu", "fc2"], probe=x.split(25), run_dir=run_dir, **options)


def test_weights_are_equal_bit_for_bit(tmp_path: Path) -> None:
    alone, beside = Net(), Net()
    watched.train(alone)
    with monitor_of(beside, tmp_path / "run", references={"other": Net(8)}) as monitor:
        watched.train(beside, monitor)
    assert watched.same_weights(alone, beside)
    assert not watched.same_weights(alone, Net())
    assert watched.train_samples(tmp_path / "run")["fc1"] > 0  # it did watch
    assert watched.events(tmp_path / "run", "unwatchable") == []


def test_a_reference_that_works_in_place_on_its_inputs(tmp_path: Path) -> None:
    class InPlace(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.mul_(3).add_(1))

    alone, beside = Net(), Net()
    watched.train(alone)
    with monitor_of(beside, tmp_path / "run", references={"other": InPlace(8)}) as monitor:
        watched.train(beside, monitor)
    assert watched.same_weights(alone, beside)


def test_a_network_that_works_in_place_leaves_the_probe_to_references(tmp_path: Path) -> None:
    class InPlace(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.mul_(0))

    other = Net(8)
    with monitor_of(InPlace(), tmp_path / "run", train_stream=None,
                    references={"other": other, "same": other}) as monitor:  # fmt: skip
        monitor.snapshot(0)
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    scale = {(row.network, row.layer): row.root_mean_square for row in rows}
    assert scale["net", "fc1"] != scale["other", "fc1"] == scale["same", "fc1"]
    [x] = watched.data(rows=60, seed=5)[0].split(60)
    expected = other.fc1(x).square().mean().sqrt()
    assert scale["other", "fc1"] == pytest.approx(float(expected.detach()), rel=1e-5)


class Counting:
    """A backend of torch.compile that runs what it is given, and counts how often it compiles."""

    def __init__(self) -> None:
        self.compiled = 0

    def __call__(self, graph: Any, _: Any) -> Any:
        self.compiled += 1
        return graph.forward


class Block(nn.Module):
    """PyTorch 2.4 makes no code of its own layers alone, such as nn.Linear."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x).relu()


class NetOfBlock(Net):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = Block()  # type: ignore[assignment]


def compile_one(model: Net, how: str, **options: Any) -> Any:
    """Compiles a network or a part of it. Returns what is called."""
    if how == "whole":
        return torch.compile(model, **options)
    if how == "in place":
        model.compile(**options)
    elif how == "a part in place":
        model.fc1.compile(**options)
    else:
        model.fc1 = torch.compile(model.fc1, **options)
    return model


@pytest.mark.parametrize("how", ["whole", "in place", "a part", "a part in place"])
@pytest.mark.parametrize("fullgraph", [True, False])
@pytest.mark.parametrize("when", ["before", "after"])
def test_compiled_networks(tmp_path: Path, how: str, fullgraph: bool, when: str) -> None:
    def run(run_dir: Path | None) -> tuple[nn.Module, int]:
        torch._dynamo.reset()
        backend, model = Counting(), NetOfBlock()
        monitor, call = None, None
        if when == "before":
            call = compile_one(model, how, backend=backend, fullgraph=fullgraph)
        if run_dir is not None:
            monitor = monitor_of(model if call is None else call, run_dir)
        if call is None:
            call = compile_one(model, how, backend=backend, fullgraph=fullgraph)
        watched.train(model, monitor, call=call, epochs=3)
        if monitor is not None:
            monitor.finish()
        return model, backend.compiled

    alone, compiled_alone = run(None)
    beside, compiled_beside = run(tmp_path / "run")
    assert watched.same_weights(alone, beside)
    assert compiled_alone == compiled_beside > 0
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert {row.layer for row in rows if row.stream == "probe"} == {"fc1", "relu", "fc2"}
    told = watched.events(tmp_path / "run", "unwatchable")
    seen = watched.train_samples(tmp_path / "run")
    if how.startswith("a part"):
        assert told == [] and seen["fc1"] == seen["fc2"] > 0
        return
    assert seen == {}
    assert [event.subject for event in told] == ["net: train stream"]
    assert told[0].count == 1 and "torch.compile" in told[0].message


@pytest.mark.parametrize("how", ["a part", "a part in place"])
def test_what_is_heard_of_a_compiled_block(tmp_path: Path, how: str) -> None:
    torch._dynamo.reset()
    model = NetOfBlock()
    compile_one(model, how, backend="aot_eager")
    code = model.fc1._compiled_call_impl
    x, _ = watched.data(rows=50)
    expected = model.fc1(x).square().mean().sqrt()
    options: Any = {"train_stream": livecca.Schedule.every_steps(1), "synchronous": True}
    with (
        Monitor(model, ["fc1", "fc1.fc"], run_dir=tmp_path / "one", **options) as one,
        Monitor(model, ["fc1"], run_dir=tmp_path / "two", **options) as two,
    ):
        model(x).sum().backward()
        assert model.fc1._compiled_call_impl is code  # between passes nothing is left of them
        for monitor in (one, two):
            monitor.step()
            monitor.snapshot(0)
    for name in ("one", "two"):
        [row] = livecca.read_run(tmp_path / name).of(livecca.LayerRow)
        assert row.layer == "fc1" and row.samples == 50
        assert row.root_mean_square == pytest.approx(float(expected.detach()), rel=1e-6)
    [event] = watched.events(tmp_path / "one", "unwatchable")
    assert event.subject == "net/fc1.fc" and "inside of torch.compile" in event.message
    assert watched.events(tmp_path / "two") == []


@functools.cache
def why_not(backend: str) -> str:
    """Why a backend of torch.compile cannot run here: inductor needs a C++ compiler."""
    torch._dynamo.reset()
    model, x = nn.Linear(2, 2), torch.randn(3, 2)
    try:
        found = torch.compile(model, backend=backend)(x)
        torch.testing.assert_close(found, model(x))
    except Exception as reason:
        return f"torch.compile(backend={backend!r}) does not run here: {str(reason)[:200]}"
    return ""


@pytest.mark.parametrize("how", ["whole", "in place", "a part", "a part in place"])
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_a_network_that_is_compiled_with_autograd(tmp_path: Path, backend: str, how: str) -> None:
    if reason := why_not(backend):
        print(reason)
        pytest.skip(reason)

    def run(run_dir: Path | None) -> nn.Module:
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        model = NetOfBlock()
        call = compile_one(model, how, backend=backend)
        monitor = None if run_dir is None else monitor_of(call, run_dir)
        watched.train(model, monitor, call=call)
        if monitor is not None:
            monitor.finish()
        return model

    alone = run(None)
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    beside = run(tmp_path / "run")
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == graphs == 1
    assert not torch._dynamo.utils.counters["graph_break"]
    assert watched.same_weights(alone, beside)
    seen = watched.train_samples(tmp_path / "run")
    assert (seen.get("fc1", 0) > 0) == how.startswith("a part")
