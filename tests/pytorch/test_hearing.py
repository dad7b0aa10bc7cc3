"""What is heard of a network in a pass over the probe."""

from __future__ import annotations

import time
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import livecca
import watched
from livecca.torch import Monitor, tap
from livecca.torch._hearing.hearing import Ears, Heard
from livecca.torch._layers.layers import select_layers

X = torch.randn(40, 6, generator=torch.Generator().manual_seed(4))


def hear(model: nn.Module, layers: Any = "*", *inputs: Any, **ears: Any) -> dict[str, Any]:
    """What is heard of each layer: a copy of the tensor at that time, or why it is refused."""
    found: dict[str, Any] = {}

    def take(heard: Heard) -> None:
        found[heard.name] = heard.tensor.clone()

    with Ears(model, select_layers(model, layers), **ears).hearing(take, found.__setitem__):
        model(*(inputs or (X,)))
    return found


class Outputs(nn.Module):
    """Puts out its input in some container."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make = make

    def forward(self, x: torch.Tensor) -> Any:
        return self.make(x)


class Holder(nn.Module):
    def __init__(self, make: Any) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 4)
        self.last = Outputs(make)

    def forward(self, x: torch.Tensor) -> Any:
        return self.last(self.fc(x))


@dataclass
class Result:
    loss: torch.Tensor
    logits: torch.Tensor


def huggingface(x: torch.Tensor) -> Any:
    outputs = pytest.importorskip("transformers.modeling_outputs")
    return outputs.SequenceClassifierOutput(loss=x.sum(), logits=x)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: (x, x.sum()),
        lambda x: [x.mean(), x],
        lambda x: {"loss": x.sum(), "logits": x},
        lambda x: Result(x.sum(), x),
        lambda x: namedtuple("Named", "a b")(x, None),
        lambda x: ((x, 1), 2),
        huggingface,
    ],
)
def test_outputs_of_many_kinds(make: Any) -> None:
    model = Holder(make)
    found = hear(model)
    assert list(found) == ["fc", "last"]
    assert torch.equal(found["last"], model.fc(X))


def test_an_output_that_the_user_selects() -> None:
    found = hear(Holder(lambda x: {"a": x, "b": 2 * x}), outputs={"last": lambda y: y["b"]})
    assert torch.equal(found["last"], 2 * found["fc"])


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda x: torch.nested.nested_tensor([x[0], x[1]]), "nested"),
        (lambda x: x.to_sparse(), "sparse"),
        (lambda x: torch.complex(x, x), "complex"),
        (lambda x: x > 0, "bool"),
        (lambda x: None, "None"),
        (lambda x: x.sum(), "2 to 5 axes"),
    ],
)
def test_what_cannot_be_read_is_an_event_with_its_reason(
    tmp_path: Path, make: Any, why: str
) -> None:
    monitor = Monitor(Holder(make), ["fc", "last"], probe=[X, X], run_dir=tmp_path / "run")
    with monitor:
        monitor.snapshot()
    [event] = watched.events(tmp_path / "run", "unwatchable")
    assert event.subject == "net/last" and why in event.message and event.count == 2
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert [(row.layer, row.samples) for row in rows] == [("fc", 80)]


def test_a_shared_module_has_a_name_for_each_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 6)
            self.same = self.fc

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.same(x))

    model = Twice()
    found = hear(model)
    assert list(found) == ["fc", "fc#2"]
    assert torch.equal(found["fc"], model.fc(X))
    assert torch.equal(found["fc#2"], model.fc(model.fc(X)))


def test_changes_in_place_after_the_layer() -> None:
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 6)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.relu(self.fc(x))
            y.data.clamp_(0, 0.1)
            return torch.relu_(y)

    model = InPlace()
    found = hear(model)
    assert torch.equal(found["fc"], model.fc(X))
    assert torch.equal(found["relu"], model.fc(X).relu())


def test_a_module_whose_forward_is_called_directly_is_named(tmp_path: Path) -> None:
    class Direct(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc2.forward(self.fc1(x))

    monitor = Monitor(Direct(), ["fc1", "fc2"], probe=[X, X], run_dir=tmp_path / "run")
    with monitor:
        monitor.snapshot()
        monitor.snapshot()
    [event] = watched.events(tmp_path / "run", "unwatchable")
    assert event.subject == "net/fc2" and "forward()" in event.message and event.count == 1


@pytest.mark.parametrize("batch_first", [True, False])
def test_children_of_transformers_are_heard(tmp_path: Path, batch_first: bool) -> None:
    model = nn.Sequential(
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first),
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first),
    ).eval()
    probe = [torch.randn(12, 5, 8), torch.randn(12, 5, 8)]
    layers = ["0.linear1", "1.norm2", "1.self_attn"]
    monitor = Monitor(model, layers, probe=probe, run_dir=tmp_path / "run", positions=None)
    with monitor:
        monitor.snapshot()
    assert watched.events(tmp_path / "run", "unwatchable") == []
    assert watched.events(tmp_path / "run", "unverified_probe") == []
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert {row.layer: row.samples for row in rows} == dict.fromkeys(layers, 120)


@pytest.mark.parametrize("reentrant", [True, False])
def test_activation_checkpointing_in_the_probe(reentrant: bool) -> None:
    class Checkpointed(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc2(checkpoint(self.fc1, x, use_reentrant=reentrant))

    assert list(hear(Checkpointed(), ["fc1", "fc2"])) == ["fc1", "fc2"]


class Tapped(nn.Module):
    def __init__(self, **mask: Any) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)
        self.mask = mask

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = tap("residual", x + self.fc(x), **self.mask)
        return tap("residual", x + self.fc(x))


def test_taps_in_forward() -> None:
    model = Tapped()
    found = hear(model)
    assert list(found) == ["fc", "residual", "fc#2", "residual#2"]
    assert torch.equal(found["residual"], X + model.fc(X))


def test_taps_have_masks_and_layouts(tmp_path: Path) -> None:
    x = torch.randn(12, 5, 6)
    valid = torch.arange(5) < torch.tensor([1, 2, 3, 4, 5, 5] * 2).unsqueeze(1)
    model = Tapped(mask=valid)
    monitor = Monitor(model, "fc", probe=[x], run_dir=tmp_path / "run", positions=None)
    with monitor:
        monitor.snapshot()
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert {row.layer: row.samples for row in rows} == {
        "fc": 60, "fc#2": 60, "residual": 40, "residual#2": 60,
    }  # fmt: skip
    assert list(hear(Tapped(layout=("ntc", "pooled")), "fc", x)) == [
        "fc", "residual", "fc#2", "residual#2",
    ]  # fmt: skip
    assert "layout" in hear(Tapped(layout="nsc"), "fc", x)["residual"]


def test_a_tap_outside_of_a_pass_does_nothing() -> None:
    x = torch.randn(2, 3)
    assert tap("x", x) is x
    least = float("inf")
    for _ in range(20):  # the least, because other programs use the machine
        begin = time.perf_counter()
        for _ in range(1000):
            tap("x", x)
        least = min(least, (time.perf_counter() - begin) / 1000)
    print(f"tap() outside of a pass: {least * 1e9:.0f} ns")
    assert least < 1e-6


@pytest.mark.parametrize("fullgraph", [True, False])
def test_taps_in_compiled_code(fullgraph: bool) -> None:
    torch._dynamo.reset()
    model = Tapped()
    compiled = torch.compile(model, backend="eager", fullgraph=fullgraph)
    assert torch.equal(compiled(X), model(X))
    found = hear(model, "fc")  # not the compiled one
    assert list(found) == ["fc", "residual", "fc#2", "residual#2"]


def test_nothing_stays_on_the_network(tmp_path: Path) -> None:
    model = watched.Net()
    hear(model)
    with Monitor(model, "*", probe=[X], run_dir=tmp_path / "run") as monitor:
        monitor.snapshot()
        for module in model.modules():
            assert not module._forward_hooks and not module._forward_pre_hooks
            assert not module._forward_hooks_always_called
