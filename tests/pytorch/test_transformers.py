"""The callback for the Trainer of Hugging Face."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.torch_version import TorchVersion

import livecca
import livecca.torch

transformers = pytest.importorskip(
    "transformers", reason="the package transformers is not installed"
)
pytest.importorskip("accelerate", reason="the package accelerate is not installed")
from livecca.transformers import Callback  # noqa: E402

LAYERS = "*.encoder.layer.?"
loads_checkpoints = pytest.mark.skipif(
    TorchVersion(torch.__version__) < "2.6",
    reason="transformers loads no checkpoint with a PyTorch before 2.6",
)
NAMES = {"bert.encoder.layer.0", "bert.encoder.layer.1"}


def example(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    length = int(torch.randint(4, 13, (1,), generator=generator))
    tokens = torch.randint(1, 50, (12,), generator=generator)
    valid = torch.arange(12) < length
    return {
        "input_ids": tokens * valid,
        "attention_mask": valid.long(),
        "labels": (tokens[0] > 25).long(),
    }


DATA = [example(seed) for seed in range(32)]
PROBE = [
    {key: torch.stack([DATA[i][key] for i in range(k, k + 8)]) for key in DATA[0]}
    for k in (0, 8, 16)
]


class Fails(transformers.TrainerCallback):  # type: ignore[name-defined,misc]
    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 10:
            raise ZeroDivisionError("made up")


def train(folder: Path, *callbacks: Any, resume: Any = None, **arguments: Any) -> Any:
    torch.manual_seed(2)
    config = transformers.BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=12,
    )
    model = transformers.BertForSequenceClassification(config)
    settings: dict[str, Any] = {"save_strategy": "no", "num_train_epochs": 3, **arguments}
    args = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=8,
        learning_rate=1e-3,
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=4,
        **settings,
    )
    trainer = transformers.Trainer(
        model=model, args=args, train_dataset=DATA, callbacks=list(callbacks)
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def watch(folder: Path, **options: Any) -> Callback:
    return Callback(LAYERS, probe=PROBE, run_dir=folder, synchronous=True, **options)


def probe_rows(folder: Path) -> list[Any]:
    return [
        row
        for row in livecca.read_run(folder).of(livecca.MeasureRow)
        if row.stream == "probe" and row.reference != "final"
    ]


def test_training_has_the_same_weights_and_a_snapshot_for_each_epoch(tmp_path: Path) -> None:
    plain = train(tmp_path / "a").model.state_dict()
    callback = watch(tmp_path / "run", train_stream=livecca.Schedule.every_steps(1))
    watched = train(tmp_path / "b", callback).model.state_dict()
    assert all(map(torch.equal, plain.values(), watched.values()))
    rows = probe_rows(tmp_path / "run")
    assert {row.layer for row in rows} == NAMES
    assert sorted({(row.epoch, row.step) for row in rows}) == [(1, 4), (2, 8), (3, 12)]
    # Padding is no sample.
    assert {row.samples for row in rows} == {sum(int(b["attention_mask"].sum()) for b in PROBE)}
    train_rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert {row.epoch for row in train_rows if row.stream == "train"} == {1, 2, 3}
    assert "final state" in str(callback.report)


def test_snapshots_by_steps_and_their_numbers_in_the_history(tmp_path: Path) -> None:
    trainer = train(tmp_path / "a", watch(tmp_path / "run", snapshot_steps=5, log=True))
    rows = probe_rows(tmp_path / "run")
    assert sorted({(row.epoch, row.step) for row in rows}) == [(1, 5), (2, 10), (3, 12)]
    key = "livecca/pwcca_distance/start/bert.encoder.layer.1"
    logged = {entry["step"]: entry[key] for entry in trainer.state.log_history if key in entry}
    assert logged == {
        row.step: row.value
        for row in rows
        if row.layer == "bert.encoder.layer.1" and row.measure == "pwcca_distance"
    }


@loads_checkpoints
@pytest.mark.parametrize("strategy", [{"save_strategy": "epoch"}, {"save_steps": 6}])
def test_a_training_that_goes_on_from_a_checkpoint_has_the_same_rows(
    tmp_path: Path, strategy: dict[str, Any]
) -> None:
    saving = {"save_strategy": "steps", **strategy}
    train(tmp_path / "a", watch(tmp_path / "whole"), **saving)
    failed = watch(tmp_path / "parts")
    with pytest.raises(ZeroDivisionError):
        train(tmp_path / "b", failed, Fails(), **saving)
    failed.close()
    train(tmp_path / "b", watch(tmp_path / "parts"), resume=True, **saving)

    def numbers(folder: Path) -> list[Any]:
        return [(r.epoch, r.step, r.layer, r.measure, r.value) for r in probe_rows(folder)]

    assert numbers(tmp_path / "parts") == numbers(tmp_path / "whole")
    finals = [
        r for r in livecca.read_run(tmp_path / "parts") if getattr(r, "reference", "") == "final"
    ]
    assert finals


@loads_checkpoints
def test_a_checkpoint_elsewhere_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="livecca")
    saving = {"save_strategy": "epoch"}
    train(tmp_path / "a", watch(tmp_path / "run"), num_train_epochs=1, **saving)
    saved = tmp_path / "a" / "checkpoint-4"
    train(tmp_path / "c", watch(tmp_path / "run", resume_from=saved), resume=str(saved))
    assert {row.epoch for row in probe_rows(tmp_path / "run")} == {1, 2, 3}

    def of_checkpoints() -> list[str]:
        return [message for message in caplog.messages if "the probe is too small" not in message]

    assert of_checkpoints() == []
    train(tmp_path / "d", watch(tmp_path / "new"), resume=str(saved))
    assert [message[:17] for message in of_checkpoints()] == ["livecca: expected"]
    assert {row.epoch for row in probe_rows(tmp_path / "new")} == {2, 3}


def test_the_next_training_ends_a_run_that_failed(tmp_path: Path) -> None:
    callback = watch(tmp_path / "run")
    with pytest.raises(ZeroDivisionError, match="made up"):
        train(tmp_path / "a", callback, Fails())
    assert callback.monitor is not None
    callback.close()
    assert callback.monitor is None
    events = livecca.read_run(tmp_path / "run").of(livecca.EventRow)
    assert "finished" in {event.what for event in events}


def test_a_wrong_layer_is_an_error_before_training(tmp_path: Path) -> None:
    with pytest.raises(livecca.Error, match="bart"):
        train(tmp_path / "a", Callback("bart.*", probe=PROBE, run_dir=tmp_path / "run"))


def test_a_monitor_that_cannot_be_saved_does_not_end_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> None:
        raise livecca.Error("no space left")

    monkeypatch.setattr(livecca.torch.Monitor, "save", fails)
    train(tmp_path / "a", watch(tmp_path / "run"), save_strategy="epoch", num_train_epochs=1)
    assert "no space left" in caplog.text
    events = livecca.read_run(tmp_path / "run").of(livecca.EventRow)
    assert "finished" in {event.what for event in events}


@pytest.mark.parametrize("plugin", ["FSDP", "DEEPSPEED"])
def test_weights_in_parts_are_refused_however_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugin: str
) -> None:
    callback = watch(tmp_path / "run")
    monkeypatch.setenv(f"ACCELERATE_USE_{plugin}", "true")
    args = types.SimpleNamespace(fsdp=None, deepspeed=None)
    state = types.SimpleNamespace(is_world_process_zero=True)
    with pytest.raises(livecca.Error, match="FSDP or DeepSpeed"):
        callback.on_train_begin(args, state, None, model=torch.nn.Linear(2, 2))


@pytest.mark.parametrize("steps", ["a", 0, 2.5])
def test_steps_between_snapshots_are_a_count(tmp_path: Path, steps: Any) -> None:
    with pytest.raises(livecca.Error, match="snapshot_steps: expected a whole number of 1 or more"):
        watch(tmp_path / "run", snapshot_steps=steps)
