"""Training gives the same weights, bit for bit, with and without livecca."""

from __future__ import annotations

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


@pytest.mark.parametrize("how", ["whole", "in place", "part"])
@pytest.mark.parametrize("fullgraph", [True, False])
def test_compiled_networks(tmp_path: Path, how: str, fullgraph: bool) -> None:
    def run(run_dir: Path | None) -> tuple[nn.Module, int]:
        torch._dynamo.reset()
        backend, model = Counting(), Net()
        call: Any = model
        if how == "whole":
            call = torch.compile(model, backend=backend, fullgraph=fullgraph)
        elif how == "in place":
            model.compile(backend=backend, fullgraph=fullgraph)
        else:
            model.fc1.compile(backend=backend, fullgraph=fullgraph)
        monitor = None if run_dir is None else monitor_of(call, run_dir)
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
    expected = ["net/fc1"] if how == "part" else ["net: train stream"]
    assert [event.subject for event in told] == expected
    assert told[0].count == 1 and "torch.compile" in told[0].message


def test_a_network_that_is_compiled_with_aot_autograd(tmp_path: Path) -> None:
    def run(run_dir: Path | None) -> nn.Module:
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        model = Net()
        call: Any = torch.compile(model, backend="aot_eager")
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
