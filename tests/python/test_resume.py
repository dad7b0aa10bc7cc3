"""A training that is started again by the same call goes on, or begins."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import livecca
from drifting import Layers, probe_pass


def epochs(monitor: livecca.Monitor, numbers: range) -> None:
    for epoch in numbers:
        probe_pass(monitor, Layers(), epoch)
        monitor.snapshot(epoch)


def numbers_in(folder: Path) -> list[Any]:
    rows = livecca.read_run(folder).of(livecca.MeasureRow)
    return [(row.epoch, row.layer, row.reference, row.measure, row.value) for row in rows]


def test_the_same_call_begins_and_goes_on(tmp_path: Path) -> None:
    with livecca.Monitor(tmp_path / "whole", synchronous=True) as monitor:
        epochs(monitor, range(4))
    for first in (0, 2):
        monitor = livecca.Monitor(
            tmp_path / "run", checkpoint=tmp_path / "run" / "saved", synchronous=True
        )
        epochs(monitor, range(first, first + 2))
        monitor.save(tmp_path / "run" / "saved")
        monitor.close()
    assert numbers_in(tmp_path / "run") == numbers_in(tmp_path / "whole")
    assert len(numbers_in(tmp_path / "run")) > 20
    assert not (tmp_path / "run" / "earlier-1").exists()


def test_a_run_that_was_never_saved_is_moved_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, saved = tmp_path / "run", tmp_path / "saved"
    for number in range(3):
        with livecca.Monitor(run, checkpoint=saved) as monitor:
            (run / "notes.txt").write_text("the user's")
            epochs(monitor, range(number + 2))
    assert (run / "notes.txt").exists()
    for number in range(2):
        earlier = numbers_in(run / f"earlier-{number + 1}")
        assert {epoch for epoch, *_ in earlier} == set(range(number + 2))
        assert list((run / f"earlier-{number + 1}" / "history").iterdir())
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert f"moved to {run / 'earlier-1'}" in caplog.messages[0]


def test_a_run_that_is_being_written_stays(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with livecca.Monitor(run) as monitor:
        epochs(monitor, range(1))
        with pytest.raises(livecca.Error, match="no other monitor writes") as error:
            livecca.Monitor(run, checkpoint=tmp_path / "saved")
        assert "\n" not in str(error.value)
        epochs(monitor, range(1, 2))
    assert {row.epoch for row in livecca.read_run(run).of(livecca.LayerRow)} == {0, 1}


def test_wrong_options_move_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with livecca.Monitor(run) as monitor:
        epochs(monitor, range(1))
    with pytest.raises(livecca.Error, match="cca"):
        livecca.Monitor(run, checkpoint=tmp_path / "saved", measures=["cca"])
    (tmp_path / "file.pt").write_text("a checkpoint of another kind")
    with pytest.raises(livecca.Error, match="expected the folder that save"):
        livecca.Monitor(run, checkpoint=tmp_path / "file.pt")
    assert (run / "rows.jsonl").exists() and not (run / "earlier-1").exists()


def test_a_folder_of_the_users_is_no_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "tensorboard").mkdir(parents=True)
    with livecca.Monitor(run, checkpoint=tmp_path / "saved") as monitor:
        epochs(monitor, range(1))
    assert (run / "tensorboard").exists() and not (run / "earlier-1").exists()
