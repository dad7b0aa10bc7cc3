"""A training that was stopped and goes on has the rows of one that was not."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca import Error
from livecca.torch import Monitor

KINDS = (livecca.MeasureRow, livecca.LayerRow, livecca.VerdictRow, livecca.LogRow)


def monitor_of(model: nn.Module, run_dir: Path, **options: Any) -> Monitor:
    x, _ = watched.data(rows=60, seed=5)
    return Monitor(
        model, ["fc1", "fc2"], probe=x.split(25), run_dir=run_dir, synchronous=True,
        references={"other": watched.Net(8)}, measures=watched.MEASURES, compare_before=[1],
        train_stream=livecca.Schedule.every_steps(3), **options,
    )  # fmt: skip


def train_one(model: nn.Module, optimizer: Any, monitor: Monitor) -> None:
    """One epoch, whose number the monitor counts."""
    x, y = watched.data()
    for part, labels in zip(x.split(32), y.split(32), strict=True):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(part), labels)
        loss.backward()
        optimizer.step()
        monitor.step()
        monitor.log("loss", loss.item())
    monitor.snapshot()


def start() -> tuple[nn.Module, Any]:
    model = watched.Net()
    return model, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)


def rows_of(run_dir: Path) -> list[Any]:
    rows = livecca.read_run(run_dir)
    return [dataclasses.asdict(row) for row in rows if isinstance(row, KINDS)]


def whole(run_dir: Path) -> nn.Module:
    model, optimizer = start()
    with monitor_of(model, run_dir) as monitor:
        for _ in range(4):
            train_one(model, optimizer, monitor)
    return model


def expect_the_same(one: Path, other: Path) -> None:
    rows, again = rows_of(one), rows_of(other)
    assert len(rows) == len(again) > 100
    for row, same in zip(rows, again, strict=True):
        assert row == same


@pytest.mark.parametrize("way", ["save", "load_state_dict", "state_dict"])
def test_a_training_that_is_killed_and_goes_on(tmp_path: Path, way: str) -> None:
    expected = whole(tmp_path / "whole")
    model, optimizer = start()
    monitor = monitor_of(model, tmp_path / "run")
    for _ in range(2):
        train_one(model, optimizer, monitor)
    saved: dict[str, Any] = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
    }
    if way == "save":
        monitor.save(tmp_path / "saved")
    else:
        saved["livecca"] = monitor.state_dict()
    stream = io.BytesIO()
    torch.save(saved, stream)
    train_one(model, optimizer, monitor)  # lost: the program ends before it is saved
    monitor.close()

    stream.seek(0)
    loaded = torch.load(stream, weights_only=True)
    model, optimizer = start()
    if way == "save":
        monitor = monitor_of(model, tmp_path / "run", checkpoint=tmp_path / "saved")
    elif way == "state_dict":
        monitor = monitor_of(model, tmp_path / "run", checkpoint=loaded["livecca"])
    else:
        monitor = monitor_of(model, tmp_path / "run")
        monitor.load_state_dict(loaded["livecca"])
    model.load_state_dict(loaded["model"])
    optimizer.load_state_dict(loaded["optimizer"])
    torch.set_rng_state(loaded["random"])
    for _ in range(2):
        train_one(model, optimizer, monitor)
    monitor.close()
    assert watched.same_weights(model, expected)
    expect_the_same(tmp_path / "whole", tmp_path / "run")
    assert watched.events(tmp_path / "run", "unwatchable") == []


KILLED = """
import os, sys, torch, test_monitor_resume as here
from pathlib import Path
torch.set_num_threads(1)
folder = Path(sys.argv[1])
model, optimizer = here.start()
monitor = here.monitor_of(model, folder / "run")
for _ in range(2):
    here.train_one(model, optimizer, monitor)
monitor.save(folder / "saved")
torch.save([model.state_dict(), optimizer.state_dict(), torch.get_rng_state()], folder / "own.pt")
here.train_one(model, optimizer, monitor)
os.kill(os.getpid(), 9)
"""


def test_a_process_that_is_killed(tmp_path: Path) -> None:
    whole(tmp_path / "whole")
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths},
        timeout=300,
        check=False,
    )
    assert killed.returncode == -9
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run", checkpoint=tmp_path / "saved") as monitor:
        weights, state, random = torch.load(tmp_path / "own.pt", weights_only=True)
        model.load_state_dict(weights)
        optimizer.load_state_dict(state)
        torch.set_rng_state(random)
        for _ in range(2):
            train_one(model, optimizer, monitor)
    expect_the_same(tmp_path / "whole", tmp_path / "run")


def test_the_state_is_made_of_tensors_and_numbers(tmp_path: Path) -> None:
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run") as monitor:
        train_one(model, optimizer, monitor)
        state = monitor.state_dict()
    assert state["epoch"] == 1 and state["files"]
    assert all(data.dtype == torch.uint8 for data in state["files"].values())


def test_a_state_that_cannot_be_used(tmp_path: Path) -> None:
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run") as monitor:
        train_one(model, optimizer, monitor)
        state = monitor.state_dict()
        with pytest.raises(Error, match="called first"):
            monitor.load_state_dict(state)
    again = monitor_of(model, tmp_path / "run")
    with pytest.raises(Error, match="expected one of version 1, got 9"):
        again.load_state_dict({**state, "version": 9})
    outside = {"../outside": torch.zeros(3, dtype=torch.uint8)}
    with pytest.raises(Error, match="outside"):
        again.load_state_dict({**state, "files": {**state["files"], **outside}})
    assert not list(tmp_path.rglob("outside"))
    with pytest.raises(Error) as caught:
        again.load_state_dict({**state, "files": {}})
    assert "\n" not in str(caught.value)
    again.load_state_dict(state)  # what failed changed nothing
    again.snapshot()
    again.close()
    with monitor_of(model, tmp_path / "fresh") as fresh, pytest.raises(Error, match="begun"):
        fresh.load_state_dict(state)


@pytest.mark.parametrize("way", ["checkpoint", "load_state_dict"])
def test_what_is_no_state_is_told_with_the_way_out(tmp_path: Path, way: str) -> None:
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run") as monitor:
        train_one(model, optimizer, monitor)
        state = monitor.state_dict()
    got = "state_dict: expected what state_dict() returned, got"
    for given, words in (
        ({"model": 1, "livecca": state}, f"{got} a mapping with keys 'model', 'livecca'; give "
         "saved['livecca']"),
        ({"model": 1}, f"{got} a mapping with keys 'model'; give what state_dict() returned"),
    ):  # fmt: skip
        with pytest.raises(Error) as reason:
            if way == "checkpoint":
                monitor_of(model, tmp_path / "run", checkpoint=given)
            else:
                monitor_of(model, tmp_path / "run").load_state_dict(given)
        assert str(reason.value) == words
    with pytest.raises(Error, match=r"state_dict\(\) returned, got \[1\]"):
        monitor_of(model, tmp_path / "run").load_state_dict([1])  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["folder", "state_dict"])
def test_a_checkpoint_without_its_run_names_run_dir(tmp_path: Path, way: str) -> None:
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run") as monitor:
        train_one(model, optimizer, monitor)
        monitor.save(tmp_path / "saved")
        state = monitor.state_dict()
    with monitor_of(model, tmp_path / "another") as monitor:
        train_one(model, optimizer, monitor)
    for name, words in (("none", "which holds no run"), ("another", "got another run's")):
        with pytest.raises(Error) as reason:
            checkpoint = state if way == "state_dict" else tmp_path / "saved"
            monitor_of(model, tmp_path / name, checkpoint=checkpoint)
        text = str(reason.value)
        assert text.startswith("run_dir: ") and words in text and str(tmp_path / name) in text
        assert text.endswith("so keep both, and give that folder")
        assert tempfile.gettempdir() not in text.replace(str(tmp_path), "")
    assert not (tmp_path / "none").exists()


def test_a_damaged_state_names_no_temporary_folder(tmp_path: Path) -> None:
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run") as monitor:
        train_one(model, optimizer, monitor)
        state = monitor.state_dict()
    half = {name: data[: len(data) // 2] for name, data in state["files"].items()}
    with pytest.raises(Error, match=r"^state_dict: monitor\.json: expected contents"):
        monitor_of(model, tmp_path / "run", checkpoint={**state, "files": half})


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run") as monitor:
        train_one(model, optimizer, monitor)
        monitor.save(tmp_path / "saved")
    with monitor_of(model, tmp_path / "another") as monitor:
        train_one(model, optimizer, monitor)
    before = (tmp_path / "another" / "rows.jsonl").read_bytes()
    with pytest.raises(Error):
        monitor_of(model, tmp_path / "another", checkpoint=tmp_path / "saved")
    assert (tmp_path / "another" / "rows.jsonl").read_bytes() == before
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("nothing", [{}, "saved"])
def test_a_training_that_was_never_saved_begins_again(tmp_path: Path, nothing: Any) -> None:
    checkpoint = tmp_path / nothing if nothing else nothing
    for _ in range(2):
        model, optimizer = start()
        with monitor_of(model, tmp_path / "run", checkpoint=checkpoint) as monitor:
            assert monitor.snapshot().epoch == 0
            train_one(model, optimizer, monitor)
    assert rows_of(tmp_path / "run") == rows_of(tmp_path / "run" / "earlier-1") != []
    assert not (tmp_path / "run" / "earlier-2").exists()


def test_a_run_without_a_word_on_how_it_goes_on_is_an_error(tmp_path: Path) -> None:
    model, optimizer = start()
    with monitor_of(model, tmp_path / "run") as monitor:
        train_one(model, optimizer, monitor)
    with pytest.raises(Error, match="holds the rows"), monitor_of(model, tmp_path / "run") as again:
        again.snapshot()
    assert not (tmp_path / "run" / "earlier-1").exists()


def test_layers_that_are_watched_again_after_a_stop(tmp_path: Path) -> None:
    """The epochs go on even if the caller does not count them."""
    model, optimizer = start()
    monitor = monitor_of(model, tmp_path / "run")
    for _ in range(2):
        train_one(model, optimizer, monitor)
    monitor.save(tmp_path / "saved")
    monitor.close()
    with monitor_of(model, tmp_path / "run", checkpoint=tmp_path / "saved") as monitor:
        assert monitor.snapshot().epoch == 2
