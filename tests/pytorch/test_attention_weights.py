"""Weights of attention have no features: they are refused, and what has features is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from test_readings import layouts
from torch import nn

import livecca
import watched
from livecca.torch import Monitor


class Attention(nn.Module):
    """As people write it: batch × heads × steps × steps, or heads joined to the batch."""

    def __init__(self, features: int = 16, heads: int = 4, joined: bool = False) -> None:
        super().__init__()
        self.query = nn.Linear(features, features)
        self.soft = nn.Softmax(dim=-1)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(features, features)
        self.out_drop = nn.Dropout(0.1)
        self.heads = heads
        self.joined = joined

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query = self.query(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        key = query[:, :, : x.shape[1] - 1] if self.joined else query
        weights = query @ key.transpose(-1, -2)
        if self.joined:
            weights = weights.flatten(0, 1)
        weights = self.drop(self.soft(weights))
        if self.joined:
            weights = weights.unflatten(0, (-1, self.heads))
        return self.out_drop(self.out((weights @ key).transpose(1, 2).flatten(2)))


class Functional(Attention):
    """Its softmax is no module, and its name says nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        del self.soft

    @staticmethod
    def soft(x: torch.Tensor) -> torch.Tensor:
        return x.softmax(-1)


Functional.__name__ = "Mixer"


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("steps", [7, 16])  # 16: as many as features
def test_softmax_and_dropout_on_weights_are_refused(steps: int, joined: bool) -> None:
    found = layouts(nn.Sequential(Attention(joined=joined)), torch.randn(3, steps, 16))
    assert found["0.soft"] == found["0.drop"] == "refused"
    assert found["0.query"] == found["0.out"] == found["0"] == "ntc"
    # With as many steps as features nothing tells its output from weights.
    assert found["0.out_drop"] == ("ntc" if steps == 7 else "refused")


@pytest.mark.parametrize("joined", [False, True])  # True: not square, 3 axes
@pytest.mark.parametrize("steps", [7, 16])
def test_weights_are_refused_without_a_softmax_and_a_name(steps: int, joined: bool) -> None:
    found = layouts(nn.Sequential(Functional(joined=joined)), torch.randn(3, steps, 16))
    assert found["0.drop"] == "refused"
    assert found["0.out"] == found["0"] == "ntc"


def test_a_module_that_makes_weights_is_refused_though_they_are_not_square() -> None:
    class Scores(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x @ x[:, :-1].transpose(1, 2)).softmax(-1)

    class Mixer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query = nn.Linear(16, 16)
            self.scores = Scores()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.query(x)
            return self.scores(x) @ x[:, :-1]

    found = layouts(nn.Sequential(Mixer()), torch.randn(3, 7, 16))
    assert found == {"0": "ntc", "0.query": "ntc", "0.scores": "refused"}


def test_what_a_linear_layer_takes_has_features() -> None:
    class Halves(nn.Module):  # a gate, as in GEGLU
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            values, gate = x.chunk(2, -1)
            return values * gate

    gated = nn.Sequential(nn.Linear(6, 24), Halves(), nn.Dropout(), nn.Linear(12, 6))
    assert set(layouts(gated, torch.randn(3, 5, 6)).values()) == {"ntc"}
    # Nothing says what the last module's axes are: it is refused, until it is declared.
    ends = nn.Sequential(nn.Linear(6, 24), Halves())
    assert layouts(ends, torch.randn(3, 5, 6))["1"] == "refused"
    activation = nn.Sequential(nn.Linear(6, 24), nn.GLU())  # no weights pass through it
    assert layouts(activation, torch.randn(3, 5, 6))["1"] == "ntc"


def test_weights_over_the_positions_of_images_are_refused() -> None:
    class NonLocal(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query = nn.Conv2d(8, 8, 1)
            self.soft = nn.Softmax(-1)
            self.drop = nn.Dropout(0.1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            query = self.query(x).flatten(2).unflatten(1, (2, 4))
            weights = self.drop(self.soft(query.transpose(-1, -2) @ query))
            return (query @ weights).flatten(1, 2).unflatten(2, x.shape[2:])

    found = layouts(nn.Sequential(NonLocal()), torch.randn(3, 8, 4, 5))
    assert found == {"0": "nchw", "0.query": "nchw", "0.soft": "refused", "0.drop": "refused"}


def test_what_is_beside_weights_keeps_its_layout() -> None:
    # Swin keeps images as N × H × W × C; its dropouts have features on the last axis.
    class WindowAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Linear(12, 12)
            self.proj_drop = nn.Dropout(0.1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.proj_drop(self.proj(x))

    found = layouts(nn.Sequential(WindowAttention()), torch.randn(3, 5, 5, 12))
    assert set(found.values()) == {"nhwc"}
    words = nn.Sequential(nn.Linear(6, 9), nn.Softmax(-1))  # over a vocabulary
    assert layouts(words, torch.randn(3, 5, 6)) == {"0": "ntc", "1": "ntc"}
    classes = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softmax(1))
    assert layouts(classes, torch.randn(3, 3, 9, 9)) == {"0": "nchw", "1": "nchw"}
    recurrent = nn.Sequential(nn.Embedding(9, 4), First(nn.LSTM(4, 6, batch_first=True)),
                              nn.Dropout())  # fmt: skip
    assert layouts(recurrent, torch.randint(0, 9, (3, 6)))["2"] == "ntc"


class First(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.inner(x)[0]
        return output


def test_weights_of_hugging_faces_models_are_refused() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=16, attn_implementation="eager",
    )  # fmt: skip
    found = layouts(transformers.BertModel(config), torch.randint(0, 40, (3, 7)))
    dropouts = {name: found[name] for name in found if name.endswith("self.dropout")}
    others = {name: layout for name, layout in found.items() if name not in dropouts}
    assert set(dropouts.values()) <= {"refused"}
    assert all(layout == "ntc" for name, layout in others.items() if "pooler" not in name), others


def test_the_refusal_says_what_to_do(tmp_path: Path) -> None:
    model = nn.Sequential(Attention())
    with Monitor(model, "*", probe=[torch.randn(30, 7, 16)], run_dir=tmp_path / "run") as monitor:
        monitor.snapshot()
    told = {e.subject: e.message for e in watched.events(tmp_path / "run", "unwatchable")}
    assert set(told) == {"net/0.soft", "net/0.drop"}
    assert "may be weights of attention" in told["net/0.drop"]
    assert "declare readings={'0.drop': layout} with 'nchw' or 'nhwc'" in told["net/0.drop"]
    assert {row.layer for row in livecca.read_run(tmp_path / "run").of(livecca.LayerRow)} == {
        "0", "0.query", "0.out", "0.out_drop",
    }  # fmt: skip
