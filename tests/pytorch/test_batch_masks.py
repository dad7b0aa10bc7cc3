"""Which mask of a batch a layer has: padding is never a sample without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader

import livecca
import watched
from livecca import Error
from livecca.torch import Monitor, record

IDS = torch.randint(0, 20, (100, 10), generator=torch.Generator().manual_seed(5))
MASK = (torch.arange(10) < 4).expand(100, 10).long()  # 400 of 1000 steps are valid
DECODER_MASK = (torch.arange(10) < 7).expand(100, 10).long()
BATCH = {"input_ids": IDS, "attention_mask": MASK}
LABELS = torch.zeros(100)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.fc = nn.Linear(8, 6)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        return self.fc(self.embedding(input_ids))


def samples(
    model: nn.Module, probe: Any, run_dir: Path, layers: Any = "*", **options: Any
) -> dict[str, int]:
    """The samples of each layer of one pass over the probe."""
    with Monitor(
        model, layers, probe=probe, run_dir=run_dir, positions=None, synchronous=True, **options
    ) as monitor:
        monitor.snapshot()
    rows = livecca.read_run(run_dir).of(livecca.LayerRow)
    return {row.layer: row.samples for row in rows if row.samples > 0}


def refusals(run_dir: Path) -> dict[str, str]:
    return {
        event.subject.removeprefix("net/"): event.message
        for event in watched.events(run_dir, "unwatchable")
    }


def loader() -> DataLoader[Any]:
    inputs = [{"input_ids": ids, "attention_mask": mask} for ids, mask in zip(IDS, MASK)]  # noqa: B905
    return DataLoader([(one, 0) for one in inputs], batch_size=50)  # type: ignore[arg-type]


def positional(model: nn.Module, batch: Any) -> Any:
    return model(batch[0], batch[1])


@pytest.mark.parametrize(
    ("probe", "options"),
    [
        ([BATCH], {}),
        ([(BATCH, LABELS)], {}),
        ([[BATCH]], {}),
        ([(BATCH,)], {"mask": "attention_mask"}),
        ([(IDS, MASK, LABELS)], {"forward": positional}),
        ([(IDS, MASK)], {"forward": positional, "mask": "attention_mask"}),
        (loader(), {}),
    ],
)
def test_a_mask_is_found_wherever_the_batch_has_it(
    tmp_path: Path, probe: Any, options: dict[str, Any]
) -> None:
    assert samples(Encoder(), probe, tmp_path / "run", **options) == {"embedding": 400, "fc": 400}
    assert watched.events(tmp_path / "run") == []


def test_recordings_and_references_have_the_mask_too(tmp_path: Path) -> None:
    pack = tmp_path / "pack.safetensors"
    assert record(Encoder(), loader(), pack, "fc", positions=None) == ()
    network = Encoder()
    run = tmp_path / "run"
    references: Any = {"same": network, "pack": pack}
    samples(network, loader(), run, "fc", references=references)
    for name in references:
        assert watched.number(run, "fc", name, "pwcca_distance").samples == 400
    assert watched.events(run) == []


@pytest.mark.parametrize("probe", [[IDS], [(IDS, LABELS)], [{"input_ids": IDS}]])
def test_a_named_mask_that_is_not_there_is_told(tmp_path: Path, probe: Any) -> None:
    assert samples(Encoder(), probe, tmp_path / "run", "fc", mask="my_lengths") == {}
    message = refusals(tmp_path / "run")["fc"]
    assert "expected a mask 'my_lengths', got a batch with input_ids" in message


@pytest.mark.parametrize("mask", ["mask", {"fc": "mask"}])
def test_a_name_that_does_not_tell_what_1_means_is_refused_at_once(
    tmp_path: Path, mask: Any
) -> None:
    with pytest.raises(Error, match="tells what 1 means: …attention_mask .1 is valid.*got 'mask'"):
        Monitor(Encoder(), "fc", probe=[IDS], run_dir=tmp_path / "run", mask=mask)
    assert not (tmp_path / "run").exists()


def test_a_named_mask_where_no_names_are_known(tmp_path: Path) -> None:
    class Anything(Encoder):
        def forward(self, *inputs: Any) -> torch.Tensor:
            return super().forward(inputs[0])

    assert samples(Anything(), [IDS], tmp_path / "run", "fc", mask="my_lengths") == {}
    assert "got a batch with no names" in refusals(tmp_path / "run")["fc"]


@pytest.mark.parametrize(
    "call",
    [
        lambda net: net(input_ids=IDS, attention_mask=MASK),
        lambda net: net(IDS, MASK),
        lambda net: net(IDS, attention_mask=MASK),
    ],
)
@pytest.mark.parametrize("options", [{}, {"mask": "attention_mask"}])
def test_masks_of_training_calls(
    tmp_path: Path, call: Callable[[nn.Module], torch.Tensor], options: dict[str, Any]
) -> None:
    model = Encoder()
    with Monitor(
        model, "fc", run_dir=tmp_path / "run", synchronous=True, positions=None,
        train_stream=livecca.Schedule.every_steps(1), references={"same": model}, **options,
    ) as monitor:  # fmt: skip
        call(model).sum().backward()
        monitor.step()
        monitor.snapshot()
    assert watched.train_samples(tmp_path / "run") == {"fc": 400}
    [row] = [
        row for row in livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
        if (row.reference, row.measure) == ("same", "pwcca_distance")
    ]  # fmt: skip
    assert row.samples == 400 and row.value == pytest.approx(0, abs=1e-6)
    assert watched.events(tmp_path / "run") == []


class Translator(nn.Module):
    """Two sides that share an embedding, with a cross-attention whose keys are of the encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Embedding(20, 6)
        self.encoder = nn.ModuleList([nn.Linear(6, 6)])
        self.decoder = nn.ModuleDict({"fc": nn.Linear(6, 6), "cross_attn": Cross()})

    def forward(
        self,
        input_ids: torch.Tensor,
        decoder_input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        decoder_attention_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        memory = self.encoder[0](self.shared(input_ids))
        return self.decoder["cross_attn"](
            self.decoder["fc"](self.shared(decoder_input_ids)), memory
        )


class Cross(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.key = nn.Linear(6, 6)

    def forward(self, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        return (x @ self.key(memory).transpose(1, 2)).softmax(-1) @ memory


def sides(decoder_steps: int = 10, **masks: torch.Tensor) -> list[dict[str, torch.Tensor]]:
    return [{"input_ids": IDS, "decoder_input_ids": IDS[:, :decoder_steps], **masks}]


CHOSEN = ["encoder.0", "decoder.fc", "decoder.cross_attn"]


def test_encoder_and_decoder_have_masks_of_their_own(tmp_path: Path) -> None:
    probe = sides(attention_mask=MASK, decoder_attention_mask=DECODER_MASK)
    assert samples(Translator(), probe, tmp_path / "run", CHOSEN) == {
        "encoder.0": 400, "decoder.fc": 700, "decoder.cross_attn": 700,
    }  # fmt: skip
    assert watched.events(tmp_path / "run") == []


def test_sizes_decide_where_names_do_not(tmp_path: Path) -> None:
    probe = sides(8, attention_mask=MASK, decoder_attention_mask=DECODER_MASK[:, :8])
    assert samples(Translator(), probe, tmp_path / "run") == {
        "shared": 400, "shared#2": 700, "encoder.0": 400,
        "decoder.fc": 700, "decoder.cross_attn": 700, "decoder.cross_attn.key": 400,
    }  # fmt: skip
    assert watched.events(tmp_path / "run") == []


def test_what_neither_decides_is_told_and_can_be_declared(tmp_path: Path) -> None:
    probe = sides(attention_mask=MASK, decoder_attention_mask=DECODER_MASK)
    layers = ["shared", "decoder.cross_attn.key"]
    assert samples(Translator(), probe, tmp_path / "one", layers) == {}
    told = refusals(tmp_path / "one")
    assert set(told) >= {"shared", "shared#2", "decoder.cross_attn.key"}
    assert "'attention_mask'" in told["shared"] and "'decoder_attention_mask'" in told["shared"]
    assert "declare mask={'shared': 'decoder_attention_mask'}" in told["shared"]
    declared = {"shared": None, "*.key": "attention_mask"}
    assert samples(Translator(), probe, tmp_path / "two", layers, mask=declared) == {
        "shared": 1000, "shared#2": 1000, "decoder.cross_attn.key": 400,
    }  # fmt: skip


def test_a_decoder_without_a_mask_does_not_take_the_encoders(tmp_path: Path) -> None:
    probe = sides(attention_mask=MASK)
    assert samples(Translator(), probe, tmp_path / "one", CHOSEN) == {"encoder.0": 400}
    assert "declare mask={'decoder.fc': None}" in refusals(tmp_path / "one")["decoder.fc"]
    declared = {"decoder.*": None}
    assert samples(Translator(), probe, tmp_path / "two", CHOSEN, mask=declared) == {
        "encoder.0": 400, "decoder.fc": 1000, "decoder.cross_attn": 1000,
    }  # fmt: skip


def test_a_decoder_alone_takes_the_only_mask(tmp_path: Path) -> None:
    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decoder = Encoder()

        def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
            return self.decoder(**inputs)

    assert samples(Decoder(), [BATCH], tmp_path / "run", "decoder.fc") == {"decoder.fc": 400}


def test_torchs_transformer_has_a_mask_a_side(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Transformer(6, 2, 1, 1, 8, batch_first=True)
    x = torch.randn(100, 10, 6)
    probe = [{
        "src": x, "tgt": x,
        "src_key_padding_mask": MASK == 0, "tgt_key_padding_mask": DECODER_MASK == 0,
        "memory_key_padding_mask": MASK == 0,
    }]  # fmt: skip
    layers = ["encoder.layers.0", "decoder.layers.0", "decoder.layers.0.linear1"]
    assert samples(model, probe, tmp_path / "run", layers) == {
        "encoder.layers.0": 400, "decoder.layers.0": 700, "decoder.layers.0.linear1": 700,
    }  # fmt: skip


def test_a_declared_mask_that_matches_no_layer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Error, match="mask: expected the name of a watched layer"):
        Monitor(Encoder(), "fc", probe=[BATCH], run_dir=tmp_path / "run", mask={"fd": None})
    with pytest.raises(Error, match="mask: expected the name of a mask"):
        Monitor(Encoder(), "fc", probe=[BATCH], run_dir=tmp_path / "run", mask={"fc": 3})


class Convolution(nn.Module):
    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 6)
        self.conv = nn.Conv1d(6, 6, 3, padding=1, stride=stride)
        self.pool = nn.AdaptiveMaxPool1d(1)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        return self.pool(self.conv(self.embedding(input_ids).transpose(1, 2)))


def test_convolutions_over_steps_leave_padding_out(tmp_path: Path) -> None:
    model = Convolution()
    assert samples(model, [(BATCH, LABELS)], tmp_path / "run") == {
        "embedding": 400, "conv": 400, "pool": 100,
    }  # fmt: skip
    assert watched.events(tmp_path / "run") == []
    # The valid steps are what is read, and nothing else.
    y = model.eval()(IDS)
    with torch.no_grad():
        y = model.conv(model.embedding(IDS).transpose(1, 2)).transpose(1, 2)[MASK == 1]
    [row] = [
        row for row in livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
        if row.layer == "conv"
    ]  # fmt: skip
    centred = y - y.mean(0)
    assert row.root_mean_square is not None
    seen = {float(y.square().mean().sqrt()), float(centred.square().mean().sqrt())}
    assert any(row.root_mean_square == pytest.approx(value, rel=1e-4) for value in seen)


def test_a_mean_over_valid_steps_of_a_convolution(tmp_path: Path) -> None:
    readings = {"conv": ("ncl", "pooled")}
    assert samples(Convolution(), [BATCH], tmp_path / "run", "conv", readings=readings) == {
        "conv": 100
    }


def test_a_convolution_with_other_steps_is_told(tmp_path: Path) -> None:
    model = Convolution(stride=2)
    assert samples(model, [BATCH], tmp_path / "one", "conv") == {}
    told = refusals(tmp_path / "one")["conv"]
    assert "expected 100 sequences × 5 steps" in told and "mask={" in told
    assert samples(model, [BATCH], tmp_path / "two", "conv", mask={"conv": None}) == {"conv": 500}


def test_a_layer_whose_axes_change_between_batches_is_told(tmp_path: Path) -> None:
    probe = [BATCH, {"input_ids": IDS}]
    assert samples(Convolution(), probe, tmp_path / "run", "conv") == {}
    events = watched.events(tmp_path / "run", "unwatchable")
    assert any("expected layout ntc as before, got ncl" in event.message for event in events)


class Recurrent(nn.Module):
    """Passes a packed sequence through, without a batch_first of its own."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 5, batch_first=batch_first)

    def forward(self, x: PackedSequence) -> PackedSequence:
        output: PackedSequence = self.lstm(x)[0]
        return output


class Wrapped(nn.Module):
    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.inner = Recurrent(batch_first)

    def forward(self, x: PackedSequence) -> torch.Tensor:
        return self.inner(x).data.sum()


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("steps", [7, 12])  # 12: as many as sequences
@pytest.mark.parametrize("declared", [None, "tnc", "ntc", ("tnc", "last"), ("ntc", "last")])
def test_packed_sequences_are_read_alike_however_they_are_declared(
    tmp_path: Path, batch_first: bool, steps: int, declared: Any
) -> None:
    torch.manual_seed(3)
    lengths = torch.randint(1, steps + 1, (12,))
    lengths[0] = steps
    packed = pack_padded_sequence(
        torch.randn(12, steps, 3), lengths, batch_first=True, enforce_sorted=False
    )
    model = Wrapped(batch_first)
    readings = {} if declared is None else {"inner": declared}
    assert samples(model, [packed], tmp_path / "run", readings=readings) == {
        "inner": 12 if isinstance(declared, tuple) else int(lengths.sum()),
        "inner.lstm": int(lengths.sum()),
    }
    padded, _ = pad_packed_sequence(model.inner(packed), batch_first=True)
    ends = zip(padded, lengths, strict=True)
    if isinstance(declared, tuple):
        expected = torch.stack([row[length - 1] for row, length in ends])
    else:
        expected = torch.cat([row[:length] for row, length in ends])
    pack = tmp_path / "pack.safetensors"
    options: dict[str, Any] = {"readings": readings, "precision": "exact", "positions": None}
    assert record(model, [packed], pack, "inner", **options) == ()
    with safe_open(str(pack), "pt") as file:  # type: ignore[no-untyped-call]
        found = [file.get_tensor(name) for name in file.keys()]  # noqa: SIM118
    assert any(
        rows.shape == expected.shape and torch.equal(rows.float(), expected.detach())
        for rows in found
    )


def test_a_packed_sequence_has_no_other_layout(tmp_path: Path) -> None:
    packed = pack_padded_sequence(torch.randn(12, 7, 3), torch.full((12,), 7), batch_first=True)
    readings = {"inner": "ncl"}
    assert samples(Wrapped(True), [packed], tmp_path / "run", "inner", readings=readings) == {}
    assert "ntc or tnc" in refusals(tmp_path / "run")["inner"]
