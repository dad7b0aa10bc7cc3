"""The numbers of a run are those of activations that the test collects by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

import livecca
import watched
from livecca.torch import Monitor, Probe

NAMES = {"pwcca": "pwcca_distance", "linear_cka": "linear_cka_similarity"}
LENGTHS = torch.randint(2, 8, (50,), generator=torch.Generator().manual_seed(1))
LENGTHS[0] = 7
VALID = torch.arange(7) < LENGTHS.unsqueeze(1)
SEQUENCES = torch.randn(50, 7, 8, generator=torch.Generator().manual_seed(2))


def in_parts(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return x.split(20)  # the last one is smaller


def compare_with_other(
    model: nn.Module, other: nn.Module, layer: str, probe: Any, run_dir: Path, **options: Any
) -> dict[str, float]:
    """PWCCA's distance and CKA's similarity of a layer to the other network's, by the rows."""
    monitor = Monitor(
        model, layer, probe=probe, run_dir=run_dir, references={"other": other},
        measures=watched.MEASURES, positions=None, **options,
    )  # fmt: skip
    with monitor:
        monitor.snapshot()
    assert watched.events(run_dir) == []
    found = {}
    for measure in watched.MEASURES:
        row = watched.number(run_dir, layer, "other", NAMES[measure])
        assert row.value is not None and row.value > 0.01
        assert row.modes == ("eval", "eval")
        found[measure] = row.value
    return found


def expect_equal(found: dict[str, float], x: Any, y: Any) -> None:
    """The same from compare(), of rows × features."""
    result = livecca.compare(x.detach(), y.detach(), measures=watched.MEASURES)
    expected = {"pwcca": result.distance["pwcca"], "linear_cka": result.similarity["linear_cka"]}
    assert found == pytest.approx(expected, abs=1e-7)


def in_evaluation(model: nn.Module, run: Callable[[nn.Module], Any]) -> Any:
    was = model.training
    model.eval()
    with torch.no_grad():
        found = run(model)
    model.train(was)
    return found


@pytest.mark.parametrize("layer", ["fc1", "norm", "relu"])
def test_a_network_of_linear_layers(tmp_path: Path, layer: str) -> None:
    x, _ = watched.data(rows=90)
    model, other = watched.Net(), watched.Net(8)
    model(x + 1)  # so that the statistics of its batch norm are not the first ones
    found = compare_with_other(model, other, layer, in_parts(x), tmp_path / "run")
    until = ["fc1", "norm", "relu"]

    def run(network: nn.Module) -> torch.Tensor:
        y = x
        for name in until[: until.index(layer) + 1]:
            y = network.get_submodule(name)(y)
        return y

    expect_equal(found, in_evaluation(model, run), in_evaluation(other, run))


class Conv(nn.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # What comes after the layer in its own memory must not be seen.
        y = self.conv(x)
        y.data.clamp_(0, 0.1)
        return torch.relu_(y)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_convolution_whose_output_is_changed_in_place(
    tmp_path: Path, memory_format: torch.memory_format
) -> None:
    images = torch.randn(30, 3, 6, 6).to(memory_format=memory_format)
    model, other = Conv(1), Conv(2)
    found = compare_with_other(model, other, "conv", in_parts(images), tmp_path / "run")

    def rows(network: nn.Module) -> torch.Tensor:
        return network.conv(images).permute(0, 2, 3, 1).reshape(-1, 4)

    expect_equal(found, in_evaluation(model, rows), in_evaluation(other, rows))


def test_a_layer_whose_memory_is_used_again(tmp_path: Path) -> None:
    class Reusing(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.fc1(x)
            with torch.no_grad():
                torch.add(y.detach(), 1e6, out=y.detach())
            return y

    x, _ = watched.data(rows=60)
    model, other = Reusing(), Reusing(8)
    found = compare_with_other(model, other, "fc1", [x], tmp_path / "run")
    expect_equal(found, model.fc1(x), other.fc1(x))


class Encoder(nn.Module):
    def __init__(self, seed: int, batch_first: bool = True) -> None:
        super().__init__()
        torch.manual_seed(seed)
        layer = nn.TransformerEncoderLayer(8, 2, 16, 0.2, batch_first=batch_first)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=batch_first)

    def forward(self, x: torch.Tensor, src_key_padding_mask: torch.Tensor) -> torch.Tensor:
        return self.encoder(x, src_key_padding_mask=src_key_padding_mask)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("layer", ["encoder.layers.0", "encoder.layers.1.linear1"])
def test_a_masked_transformer_counts_valid_steps_only(
    tmp_path: Path, layer: str, batch_first: bool
) -> None:
    model, other = Encoder(1, batch_first), Encoder(2, batch_first)
    x = SEQUENCES if batch_first else SEQUENCES.transpose(0, 1)
    batches = [
        {"x": part, "src_key_padding_mask": ~valid}
        for part, valid in zip(x.split(20, 0 if batch_first else 1), VALID.split(20), strict=True)
    ]
    found = compare_with_other(model, other, layer, batches, tmp_path / "run")

    def rows(network: nn.Module) -> torch.Tensor:
        kept: list[torch.Tensor] = []
        module = network.get_submodule(layer)
        handle = module.register_forward_hook(lambda _, __, y: kept.append(y))
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            for batch in batches:
                network(**batch)
        finally:
            torch.backends.mha.set_fastpath_enabled(True)
            handle.remove()
        y = torch.cat([y if batch_first else y.transpose(0, 1) for y in kept])
        return y[VALID]

    expect_equal(found, in_evaluation(model, rows), in_evaluation(other, rows))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("batch_first", [True, False])
def test_recurrent_networks(tmp_path: Path, kind: Any, batch_first: bool) -> None:
    def network(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return nn.Sequential(kind(8, 5, batch_first=batch_first))

    model, other = network(1), network(2)
    x = SEQUENCES if batch_first else SEQUENCES.transpose(0, 1)
    probe = [part for part in x.split(20, 0 if batch_first else 1)]
    found = compare_with_other(model, other, "0", probe, tmp_path / "run")

    def rows(network: nn.Module) -> torch.Tensor:
        return network(x)[0].reshape(-1, 5)

    expect_equal(found, in_evaluation(model, rows), in_evaluation(other, rows))


@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_packed_sequences(tmp_path: Path, enforce_sorted: bool) -> None:
    lengths = LENGTHS.sort(descending=True).values if enforce_sorted else LENGTHS
    batches = [
        pack_padded_sequence(x, n, batch_first=True, enforce_sorted=enforce_sorted)
        for x, n in zip(SEQUENCES.split(25), lengths.split(25), strict=True)
    ]

    def network(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return nn.Sequential(nn.LSTM(8, 5, batch_first=True))

    model, other = network(1), network(2)
    found = compare_with_other(model, other, "0", batches, tmp_path / "run")

    def rows(network: nn.Module) -> torch.Tensor:
        kept = []
        for packed in batches:
            y, n = pad_packed_sequence(network(packed)[0], batch_first=True)
            kept += [one[:steps] for one, steps in zip(y, n, strict=True)]
        return torch.cat(kept)

    expect_equal(found, in_evaluation(model, rows), in_evaluation(other, rows))


def test_one_sample_a_sequence(tmp_path: Path) -> None:
    """The last valid step of a GRU, from lengths in the batch."""

    class Gru(nn.Module):
        def __init__(self, seed: int) -> None:
            super().__init__()
            torch.manual_seed(seed)
            self.gru = nn.GRU(8, 5, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.gru(x)[0]

    batches = [{"x": SEQUENCES[:30], "n": LENGTHS[:30]}, {"x": SEQUENCES[30:], "n": LENGTHS[30:]}]
    probe = Probe(
        [{"x": b["x"], "lengths": b["n"]} for b in batches],
        forward=lambda model, batch: model(batch["x"]),
    )
    model, other = Gru(1), Gru(2)
    found = compare_with_other(
        model, other, "gru", probe, tmp_path / "run", readings={"gru": ("ntc", "last")}
    )

    def rows(network: nn.Module) -> torch.Tensor:
        return network(SEQUENCES)[torch.arange(50), LENGTHS - 1]

    expect_equal(found, in_evaluation(model, rows), in_evaluation(other, rows))


def test_padding_of_unequal_batches_does_not_matter(tmp_path: Path) -> None:
    """Batches are padded to their own longest sequence, as loaders do."""
    order = LENGTHS.argsort()
    sequences = [SEQUENCES[i, : LENGTHS[i]] for i in order]
    batches = []
    for first in range(0, 50, 20):
        part = sequences[first : first + 20]
        x = pad_sequence(part, batch_first=True)
        n = torch.tensor([len(one) for one in part])
        batches.append({"x": x, "src_key_padding_mask": torch.arange(x.shape[1]) >= n[:, None]})
    model, other = Encoder(1), Encoder(2)
    layer = "encoder.layers.0.linear1"
    found = compare_with_other(model, other, layer, batches, tmp_path / "run")
    whole = [{"x": SEQUENCES[order], "src_key_padding_mask": ~VALID[order]}]
    again = compare_with_other(model, other, layer, whole, tmp_path / "again")
    assert found == pytest.approx(again, abs=1e-5)


def test_the_train_stream_compares_with_references_in_lock_step(tmp_path: Path) -> None:
    model, other = watched.Net(), watched.Net(8)
    monitor = Monitor(
        model, "fc1", run_dir=tmp_path / "run", references={"other": other}, synchronous=True,
        measures=watched.MEASURES, train_stream=livecca.Schedule.every_steps(1),
    )  # fmt: skip
    x, _ = watched.data(rows=90)
    with monitor:
        for part in in_parts(x):  # no optimizer: the weights stay
            model(part)
            monitor.step()
        table = str(monitor.snapshot(0))
    assert "to other, train" in table.splitlines()[2] and "\nfc1  " in table
    assert watched.events(tmp_path / "run", "unwatchable") == []
    found = {}
    for measure in watched.MEASURES:
        row = watched.number(tmp_path / "run", "fc1", "other", NAMES[measure], stream="train")
        assert row.modes == ("train", "eval") and row.samples == 90 and row.value is not None
        found[measure] = row.value
    expect_equal(found, model.fc1(x), other.fc1(x))


def test_snapshots_are_in_their_order_with_more_batches_in_the_probe_than_training_steps(
    tmp_path: Path,
) -> None:
    x, y = watched.data(rows=200)
    model = watched.Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    monitor = Monitor(model, "fc1", probe=x.split(10), run_dir=tmp_path / "run")
    monitor.snapshot()
    for _ in range(3):
        for _ in range(4):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            monitor.step()
        monitor.snapshot()
    curve = monitor.finish().curve("fc1")
    assert [(row.epoch, row.step) for row in curve] == [(0, 0), (1, 4), (2, 8)]
