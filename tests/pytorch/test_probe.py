"""The fixed inputs of a probe, and how networks run on them."""

from __future__ import annotations

from collections import UserDict, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence
from torch.utils.data import (
    DataLoader,
    IterableDataset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from torch.utils.data.distributed import DistributedSampler

from livecca import Error
from livecca.torch._probe.evaluation import leaves_no_trace
from livecca.torch._probe.probe import Probe, copied, device_of

X = torch.arange(20.0).reshape(10, 2)
LABELS = torch.arange(10)
MODEL = nn.Linear(2, 3)


def outputs(probe: Probe, model: nn.Module) -> list[torch.Tensor]:
    with leaves_no_trace(model):
        return [probe.run(model, batch.value) for batch in probe.batches(model)]


@pytest.mark.parametrize(
    "batches",
    [
        X.split(4),
        list(X.split(4)),
        [(x, 0) for x in X.split(4)],
        [[x, LABELS] for x in X.split(4)],
        [namedtuple("Batch", "x y")(x, None) for x in X.split(4)],
        DataLoader(TensorDataset(X, LABELS), batch_size=4),
        DataLoader(TensorDataset(X, LABELS), batch_size=4, num_workers=1),
        [{"input": x, "labels": LABELS} for x in X.split(4)],
        [({"input": x}, LABELS) for x in X.split(4)],
    ],
)
def test_each_kind_of_batch_at_every_pass(batches: Any) -> None:
    probe = Probe(batches)
    for _ in range(2):
        assert torch.equal(torch.cat(outputs(probe, MODEL)), MODEL(X))
        found = list(probe.batches(MODEL))
        assert [len(batch.inputs) for batch in found] == [1, 1, 1]
        assert [len(batch.inputs[0]) for batch in found] == [4, 4, 2]  # of unequal size
        assert torch.equal(torch.cat([batch.inputs[0] for batch in found]), X)


def test_a_packed_sequence_is_one_input() -> None:
    lstm = nn.LSTM(2, 3)
    packed = pack_sequence([X[:4], X[4:6]])
    padded, lengths = pad_packed_sequence(packed, batch_first=True)
    probe = Probe([packed, (packed, LABELS)])
    for found in outputs(probe, lstm):
        assert torch.equal(found[0].data, lstm(packed)[0].data)
    for batch in probe.batches(lstm):
        assert torch.equal(batch.inputs[0], padded)
        assert torch.equal(batch.inputs[1], lengths)


def test_a_forward_of_the_users_gets_the_whole_batch() -> None:
    seen: list[Any] = []

    def forward(model: nn.Module, batch: Any) -> torch.Tensor:
        seen.append(batch)
        return model(batch["a"] + batch["b"])

    batch = {"a": X, "b": 2 * X, "labels": LABELS}
    probe = Probe([batch], forward=forward, inputs_of=lambda batch: [batch["b"], (batch["a"],)])
    assert torch.equal(outputs(probe, MODEL)[0], MODEL(3 * X))
    assert set(seen[0]) == {"a", "b", "labels"}
    (found,) = probe.batches(MODEL)
    assert [tensor is whole for tensor, whole in zip(found.inputs, (batch["b"], X), strict=True)]
    assert found.inputs[0] is batch["b"]
    assert found.inputs[1] is X


def test_inputs_are_told_in_order_without_labels() -> None:
    batch = {"b": X, "labels": LABELS, "a": LABELS, "text": ["x"], "pair": [X, LABELS]}
    (found,) = Probe([batch]).batches(MODEL)
    expected = [X, LABELS, X, LABELS]
    assert len(found.inputs) == len(expected)
    assert all(one is other for one, other in zip(found.inputs, expected, strict=True))


def test_a_key_that_the_model_does_not_know_is_an_error_of_the_model() -> None:
    with pytest.raises(TypeError, match="misspelt"):
        outputs(Probe([{"input": X, "misspelt": X}]), MODEL)


def test_the_callers_inputs_stay_as_they_are() -> None:
    batches = [{"x": [X.clone()]}, (X.clone(), 3)]
    probe = Probe(batches, forward=lambda model, batch: None)
    for batch in probe.batches(MODEL):
        (batch.value["x"][0] if isinstance(batch.value, dict) else batch.value[0]).zero_()
    assert torch.equal(batches[0]["x"][0], X)  # type: ignore[index]
    assert torch.equal(batches[1][0], X)  # type: ignore[index]
    in_place = nn.Sequential(nn.ReLU(inplace=True))
    inputs = (-X).clone()
    outputs(Probe([inputs]), in_place)
    assert torch.equal(inputs, -X)


def test_batches_go_to_the_device_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.BatchNorm1d(2, affine=False)  # no parameters, but buffers
    assert device_of(model) == torch.device("cpu")
    assert device_of(nn.ReLU()) is None
    assert torch.equal(outputs(Probe([X]), nn.ReLU())[0], X)
    with pytest.raises(Error, match="device meta"):
        device_of(nn.Linear(2, 2, device="meta"))

    # The one other device that every machine has.
    monkeypatch.setattr("livecca.torch._probe.probe.device_of", lambda model: torch.device("meta"))
    (moved,) = Probe([{"a": [X], "b": (1, X)}]).batches(MODEL)
    assert moved.value["a"][0].is_meta
    assert moved.value["b"][0] == 1
    assert moved.value["b"][1].is_meta
    assert not moved.inputs[0].is_meta


def test_hugging_faces_batches_are_not_changed() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=16, num_labels=2,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    tokens = torch.randint(0, 40, (3, 7))
    batch = transformers.BatchEncoding(
        {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "labels": tokens[:, 0] % 2}
    )
    probe = Probe([batch])
    (found,) = outputs(probe, model)
    assert found.loss is None
    assert found.logits.shape == (3, 2)
    (one,) = probe.batches(model)
    assert one.inputs[0] is tokens
    assert len(one.inputs) == 2
    assert batch["input_ids"] is tokens


@pytest.mark.parametrize(
    ("batches", "words"),
    [
        ((x for x in X.split(4)), "a generator, which can be used once"),
        (iter([X]), "list_iterator"),
        (zip([X], [LABELS], strict=True), "zip"),
        (map(abs, [X]), "map"),
        ([], "at least one batch, got none"),
        (DataLoader(TensorDataset(X[:0])), "at least one batch, got none"),
        (X, "one tensor of shape (10, 2); give x.split(250)"),
        ({"input": X}, "one mapping with 'input'; give [batch]"),
        ("text", "a str"),
        (3, "a int"),
    ],
)
def test_what_is_no_probe_is_refused_in_one_line(batches: Any, words: str) -> None:
    with pytest.raises(Error, match="probe: expected") as told:
        Probe(batches)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_stream_that_ends_for_good_is_told_at_its_second_pass() -> None:
    class Stream(IterableDataset[torch.Tensor]):
        def __init__(self) -> None:
            self.left = iter(X)

        def __iter__(self) -> Iterator[torch.Tensor]:
            return self.left

    probe = Probe(DataLoader(Stream(), batch_size=5))
    assert len(outputs(probe, MODEL)) == 2
    with pytest.raises(Error, match="at least one batch, got none; give inputs that can be"):
        outputs(probe, MODEL)


DISTRIBUTED = DistributedSampler(TensorDataset(X), num_replicas=1, rank=0)
SOME = SubsetRandomSampler(range(5))


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"shuffle": True}, "RandomSampler that shuffles; give it shuffle=False and no sampler"),
        ({"sampler": SOME}, "SubsetRandomSampler that shuffles; drop the sampler"),
        ({"sampler": WeightedRandomSampler([1.0] * 10, 10)}, "shuffles; drop the sampler"),
        ({"sampler": DISTRIBUTED}, "DistributedSampler that shuffles; give that shuffle=False"),
        ({"batch_sampler": torch.utils.data.BatchSampler(SOME, 2, False)}, "drop the sampler"),
    ],
)
def test_a_loader_that_shuffles_is_refused(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(Error) as told:
        Probe(DataLoader(TensorDataset(X), **options))
    assert str(told.value).endswith(remedy)


def test_a_distributed_sampler_without_shuffling_is_taken() -> None:
    sampler: DistributedSampler[Any] = DistributedSampler(
        TensorDataset(X), num_replicas=2, rank=0, shuffle=False
    )
    loader = DataLoader(TensorDataset(X), sampler=sampler, batch_size=5)
    assert len(outputs(Probe(loader), MODEL)) == 1


def test_batches_that_cannot_be_run_are_refused_with_the_way_out() -> None:
    with pytest.raises(Error, match="batch: forward=lambda model, batch: …"):
        outputs(Probe([(3, X)], inputs_of=lambda batch: X), MODEL)
    with pytest.raises(Error, match="expected tensors in a batch, got a int"):
        outputs(Probe([3]), MODEL)


def test_a_loaders_own_generator_is_as_before() -> None:
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(X), batch_size=4, generator=generator)
    probe = Probe(loader)
    before = generator.get_state()
    outputs(probe, MODEL)
    assert torch.equal(generator.get_state(), before)
    for _ in probe.batches(MODEL):
        break  # as an exception would
    assert torch.equal(generator.get_state(), before)
    list(loader)
    assert not torch.equal(generator.get_state(), before)  # iter() does draw from it


def test_iterating_a_loader_within_the_context_does_not_move_the_global_generator() -> None:
    probe = Probe(DataLoader(TensorDataset(X), batch_size=4))
    before = torch.get_rng_state()
    outputs(probe, MODEL)
    assert torch.equal(torch.get_rng_state(), before)
    list(probe.batches(MODEL))
    assert not torch.equal(torch.get_rng_state(), before)


def test_the_network_inside_a_distributed_wrapper_runs(tmp_path: Path) -> None:
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        wrapped = nn.parallel.DistributedDataParallel(nn.Linear(2, 3))
        called: list[str] = []
        wrapped.register_forward_hook(lambda *_: called.append("wrapper"))
        wrapped.module.register_forward_hook(lambda *_: called.append("network"))
        outputs(Probe([X]), wrapped)
        assert called == ["network"]
    finally:
        torch.distributed.destroy_process_group()


@dataclass(frozen=True)
class Pair:
    x: torch.Tensor
    name: str


class Movable:
    """Its to() moves it in place, as that of a module does."""

    def __init__(self) -> None:
        self.moved = False

    def to(self, *_: Any, **__: Any) -> Movable:
        self.moved = True
        return self


def test_a_copy_moves_tensors_and_nothing_of_the_callers() -> None:
    meta = torch.device("meta")
    module, movable, encoding = nn.Linear(2, 2), Movable(), UserDict(ids=X)
    packed = pack_sequence([X[:4], X[4:6]])
    given = [module, movable, Pair(X, "a"), encoding, packed, (X, [X]), "text", None]
    moved = copied(given, meta)
    assert moved[0] is module and module.weight.device.type == "cpu"
    assert moved[1] is movable and not movable.moved
    assert moved[2].x.device == meta and moved[2].name == "a"
    assert moved[3]["ids"].device == meta and encoding["ids"] is X
    assert moved[4].data.device == meta and moved[4].batch_sizes.device.type == "cpu"
    assert moved[5][0].device == meta and moved[5][1][0].device == meta
    assert moved[6:] == ["text", None]
    for part in (given[2].x, packed.data):  # type: ignore[attr-defined]
        assert part.device.type == "cpu"


@pytest.mark.parametrize("device", [None, torch.device("cpu")])
def test_a_copy_shares_no_memory(device: torch.device | None) -> None:
    packed = pack_sequence([X[:4], X[4:6]], enforce_sorted=False)
    for value, tensors in (
        (packed, lambda one: [one.data, one.sorted_indices, one.unsorted_indices]),
        (Pair(X, "a"), lambda one: [one.x]),
        ([X], lambda one: one),
    ):
        for mine, others in zip(tensors(value), tensors(copied(value, device)), strict=True):
            assert torch.equal(mine, others) and mine.data_ptr() != others.data_ptr()


@dataclass
class NamedImage:
    name: str
    image: torch.Tensor


@pytest.mark.parametrize(
    ("batch", "forward"),
    [
        ((LABELS, X), lambda model, batch: model(batch[1])),
        ({"label": LABELS, "x": X}, lambda model, batch: model(batch["x"])),
        ({"ids": LABELS, "labels": X}, lambda model, batch: model(batch["labels"])),
        ((["a", "b"], X), lambda model, batch: model(batch[1])),
        (NamedImage("a", X), lambda model, batch: model(batch.image)),
    ],
)
def test_all_that_forward_may_use_belongs_to_the_fingerprint(batch: Any, forward: Any) -> None:
    (seen,) = Probe([batch], forward=forward).batches(MODEL)
    assert any(torch.equal(tensor, X) for tensor in seen.inputs)


def test_a_batch_without_tensors_says_how_to_name_them() -> None:
    probe = Probe([object()], forward=lambda model, batch: None)
    with pytest.raises(Error, match=r"livecca.torch.Probe\(batches, forward=…, inputs_of="):
        list(probe.batches(MODEL))
    assert probe.doubt == ""
