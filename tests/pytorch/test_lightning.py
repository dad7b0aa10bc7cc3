"""The callback for Lightning."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import livecca.torch

lightning = pytest.importorskip(
    "lightning.pytorch", reason="the package lightning is not installed"
)
from livecca.lightning import Callback  # noqa: E402

torch.manual_seed(1)
X = torch.randn(96, 3, 8, 8)
Y = (X.mean((1, 2, 3)) > 0).long()
PROBE = list(torch.randn(3, 20, 3, 8, 8))
LAYERS = ["net.0", "net.5"]


class Module(lightning.LightningModule):  # type: ignore[name-defined,misc]
    def __init__(self, fails_at: int = -1) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.net = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(256, 2),
        )
        self.fails_at = fails_at

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.net(x)
        return result

    def training_step(self, batch: Any, number: int) -> torch.Tensor:
        if self.global_step == self.fails_at:
            raise ZeroDivisionError("made up")
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch: Any, number: int) -> None:
        self.log("val", nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1, momentum=0.9)


def fit(
    tmp_path: Path,
    *callbacks: Any,
    module: Any = None,
    epochs: int = 3,
    val: bool = True,
    ckpt_path: Any = None,
    **arguments: Any,
) -> Any:
    module = module or Module()
    torch.manual_seed(3)
    trainer = lightning.Trainer(
        max_epochs=epochs,
        callbacks=list(callbacks),
        default_root_dir=tmp_path,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=any(isinstance(c, lightning.callbacks.Checkpoint) for c in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        **arguments,
    )
    loader = DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)
    validation = DataLoader(TensorDataset(X[:32], Y[:32]), batch_size=16) if val else None
    trainer.fit(module, loader, validation, ckpt_path=ckpt_path)
    return trainer


def watch(folder: Path, **options: Any) -> Callback:
    return Callback(LAYERS, probe=PROBE, run_dir=folder, synchronous=True, **options)


def numbers(folder: Path) -> list[Any]:
    rows = livecca.read_run(folder).of(livecca.MeasureRow)
    return [
        (r.epoch, r.step, r.stream, r.layer, r.reference, r.measure, r.value, r.status)
        for r in rows
    ]


def weights(trainer: Any) -> list[torch.Tensor]:
    return list(trainer.lightning_module.state_dict().values())


@pytest.mark.parametrize("val", [True, False])
def test_a_fit_has_the_same_weights_and_a_snapshot_for_each_epoch(
    tmp_path: Path, val: bool
) -> None:
    plain = fit(tmp_path, val=val)
    callback = watch(tmp_path / "run", train_stream=livecca.Schedule.every_steps(1))
    watched = fit(tmp_path, callback, val=val)
    assert all(map(torch.equal, weights(plain), weights(watched)))
    rows = livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
    probe = [row for row in rows if row.stream == "probe"]
    assert {row.epoch for row in probe if row.reference == "start"} == {1, 2, 3}
    assert {row.epoch for row in probe if row.reference == "final"} == {0, 1, 2}
    assert {row.layer for row in rows} == set(LAYERS)
    assert {row.step for row in probe if row.epoch == 3} == {9}
    assert callback.monitor is None
    assert "final state" in str(callback.report)


def test_distances_are_logged_where_other_callbacks_find_them(tmp_path: Path) -> None:
    stopping = lightning.callbacks.EarlyStopping("livecca/pwcca_distance/start/net.5", patience=9)
    trainer = fit(tmp_path, watch(tmp_path / "run", log=True), stopping)
    rows = livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
    [last] = [
        row.value
        for row in rows
        if (row.epoch, row.layer, row.reference, row.measure)
        == (3, "net.5", "start", "pwcca_distance")
    ]
    logged = trainer.callback_metrics["livecca/pwcca_distance/start/net.5"]
    assert float(logged) == pytest.approx(last, rel=1e-6)


def test_a_part_of_the_module_is_watched_by_its_own_names(tmp_path: Path) -> None:
    callback = Callback("5", model=lambda module: module.net, probe=PROBE, run_dir=tmp_path / "run")
    fit(tmp_path, callback, epochs=1)
    rows = livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
    assert {row.layer for row in rows} == {"5"}


def test_a_failure_ends_the_run_and_goes_on(tmp_path: Path) -> None:
    callback = watch(tmp_path / "run")
    with pytest.raises(ZeroDivisionError, match="made up"):
        fit(tmp_path, callback, module=Module(fails_at=4))
    assert callback.monitor is None
    events = livecca.read_run(tmp_path / "run").of(livecca.EventRow)
    assert "finished" in {event.what for event in events}


@pytest.mark.parametrize("at", ["validation", "epoch"])
def test_a_fit_that_goes_on_from_a_checkpoint_has_the_same_rows(tmp_path: Path, at: str) -> None:
    def checkpoints(name: str) -> Any:
        return lightning.callbacks.ModelCheckpoint(
            tmp_path / name, "{epoch}", save_top_k=-1, save_on_train_epoch_end=at == "epoch"
        )

    whole = fit(tmp_path, watch(tmp_path / "whole"), checkpoints("a"), epochs=4)
    with pytest.raises(ZeroDivisionError):
        fit(tmp_path, watch(tmp_path / "parts"), checkpoints("b"), module=Module(7), epochs=4)
    saved = sorted((tmp_path / "b").iterdir())
    assert len(saved) == 2
    resumed = fit(
        tmp_path, watch(tmp_path / "parts"), checkpoints("b"), epochs=4, ckpt_path=saved[-1]
    )
    epochs = [row[0] for row in numbers(tmp_path / "parts") if row[4] == "start"]
    assert epochs == [row[0] for row in numbers(tmp_path / "whole") if row[4] == "start"]
    before = [row for row in numbers(tmp_path / "parts") if row[0] <= 2 and row[4] == "start"]
    assert before == [
        row for row in numbers(tmp_path / "whole") if row[0] <= 2 and row[4] == "start"
    ]
    assert whole.current_epoch == resumed.current_epoch == 4


def test_a_longer_fit_goes_on_from_a_checkpoint_of_the_end(tmp_path: Path) -> None:
    trainer = fit(tmp_path, watch(tmp_path / "run"), epochs=2)
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    fit(tmp_path, watch(tmp_path / "run"), epochs=3, ckpt_path=tmp_path / "end.ckpt")
    rows = livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
    assert sorted({row.epoch for row in rows if row.reference == "start"}) == [1, 2, 3]
    assert {row.epoch for row in rows if row.reference == "final"} == {0, 1, 2}


def test_fast_dev_run_leaves_no_run_and_finds_wrong_names(tmp_path: Path) -> None:
    fit(tmp_path, watch(tmp_path / "run"), fast_dev_run=True)
    assert not (tmp_path / "run").exists()
    with pytest.raises(livecca.Error, match="nett"):
        fit(tmp_path, Callback("nett.0", probe=PROBE, run_dir=tmp_path / "run"), fast_dev_run=True)


def test_a_folder_that_holds_a_run_is_refused_before_training(tmp_path: Path) -> None:
    fit(tmp_path, watch(tmp_path / "run"), epochs=1)
    with pytest.raises(livecca.Error, match="run"):
        fit(tmp_path, watch(tmp_path / "run"), epochs=1)


def test_a_callback_can_be_pickled_as_strategies_that_spawn_processes_do(tmp_path: Path) -> None:
    options = {"train_stream": livecca.Schedule.every_steps(2), "pairing": livecca.Pairing.all()}
    callback = Callback(["conv"], probe=PROBE, run_dir=tmp_path / "run", **options)
    again = pickle.loads(pickle.dumps(callback))
    assert again.monitor is None and again.state_key == callback.state_key
    for name, value in options.items():
        assert again._watcher._options[name] == value


def test_a_fit_without_a_checkpoint_begins_again_if_told_so(tmp_path: Path) -> None:
    for _ in range(2):
        fit(tmp_path / "a", Callback(LAYERS, probe=PROBE, run_dir=tmp_path / "run", checkpoint={}))
    rows = [livecca.read_run(folder).of(livecca.MeasureRow)
            for folder in (tmp_path / "run", tmp_path / "run" / "earlier-1")]  # fmt: skip
    assert rows[0] == rows[1] and len(rows[0]) > 10
    with pytest.raises(livecca.Error, match="holds the rows"):
        fit(tmp_path / "a", Callback(LAYERS, probe=PROBE, run_dir=tmp_path / "run"))


def test_two_callbacks_of_one_trainer_have_a_state_each(tmp_path: Path) -> None:
    def callbacks() -> list[Callback]:
        return [
            Callback("net.0", probe=PROBE, run_dir=tmp_path / "a", synchronous=True),
            Callback("net.5", probe=PROBE, run_dir=tmp_path / "b", synchronous=True),
        ]

    fit(tmp_path, *callbacks(), epochs=1).save_checkpoint(tmp_path / "end.ckpt")
    fit(tmp_path, *callbacks(), epochs=2, ckpt_path=tmp_path / "end.ckpt")
    for folder, layer in (("a", "net.0"), ("b", "net.5")):
        rows = numbers(tmp_path / folder)
        assert {row[3] for row in rows} == {layer}
        assert {row[0] for row in rows if row[4] == "start"} == {1, 2}


def test_another_module_does_not_go_on_with_the_run_of_the_fit_before(tmp_path: Path) -> None:
    callback = watch(tmp_path / "run")
    fit(tmp_path, callback, epochs=1)
    with pytest.raises(livecca.Error, match="holds the rows"):
        fit(tmp_path, callback, epochs=1)


def test_the_same_module_fitted_on_goes_on(tmp_path: Path) -> None:
    callback = watch(tmp_path / "run")
    trainer = fit(tmp_path, callback, epochs=1)
    pickle.dumps(callback)
    trainer.fit_loop.max_epochs = 3
    trainer.fit(trainer.lightning_module, DataLoader(TensorDataset(X, Y), batch_size=32))
    rows = livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
    assert {row.epoch for row in rows if row.reference == "start"} == {1, 2, 3}


def test_a_state_that_cannot_be_saved_does_not_end_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> None:
        raise livecca.Error("no space left")

    monkeypatch.setattr(livecca.torch.Monitor, "state_dict", fails)
    checkpoint = lightning.callbacks.ModelCheckpoint(tmp_path / "checkpoints")
    trainer = fit(tmp_path, watch(tmp_path / "run"), checkpoint, epochs=2)
    assert trainer.current_epoch == 2 and list((tmp_path / "checkpoints").iterdir())
    assert "no space left" in caplog.text
