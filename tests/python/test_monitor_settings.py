"""Settings of the core that Python can reach: verdicts, callbacks, sinks."""

from __future__ import annotations

import socket
import threading
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca

X = np.random.default_rng(1).normal(size=(200, 6))


def watched(run: Path, epochs: int = 4, **options: Any) -> None:
    """A layer that turns by the same angle in every epoch."""
    with livecca.Monitor(run, synchronous=True, **options) as monitor:
        tap = monitor.watch("net", "layer")
        for epoch in range(epochs):
            monitor.training_step(epoch)
            monitor.training_step(epoch)
            with monitor.begin("probe", epoch) as step:
                step.set_inputs(X)
                step.observe(tap, np.tanh(X + 0.3 * epoch * np.roll(X, 1, axis=0)))
            monitor.snapshot(epoch)


def directions(run: Path) -> list[str]:
    rows = livecca.read_run(run).of(livecca.DirectionRow)
    return [row.direction for row in rows if row.reference == "start"]


def test_directions_have_settings(tmp_path: Path) -> None:
    watched(tmp_path / "default", epochs=6, verdict_snapshots=3)
    watched(tmp_path / "coarse", epochs=6, verdict_snapshots=3, verdict_least_change=10.0)
    moves = {"nearing", "leaving"}
    assert moves & set(directions(tmp_path / "default"))
    assert not moves & set(directions(tmp_path / "coarse"))


def test_verdicts_can_be_turned_off(tmp_path: Path) -> None:
    watched(tmp_path / "on", epochs=3)
    watched(tmp_path / "off", epochs=3, verdict_own_motion=False)
    assert len(livecca.read_run(tmp_path / "on").of(livecca.VerdictRow)) == 3
    assert livecca.read_run(tmp_path / "off").of(livecca.VerdictRow) == ()


@pytest.mark.parametrize(
    "option",
    [
        "dead_share",
        "exploding_growth",
        "nonfinite_share",
        "snapshots",
        "least_change",
        "tolerance",
        "first_verdict",
    ],
)
def test_each_setting_of_verdicts_is_the_cores(tmp_path: Path, option: str) -> None:
    with pytest.raises(livecca.Error) as error:
        livecca.Monitor(
            tmp_path / "run",
            **{f"verdict_{option}": 0 if option in ("snapshots", "first_verdict") else -1.0},
        )
    assert option in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("synchronous", [False, True])
def test_every_solved_snapshot_is_told(tmp_path: Path, synchronous: bool) -> None:
    told: list[livecca.Snapshot] = []
    threads: set[int] = set()

    def on_snapshot(snapshot: livecca.Snapshot) -> None:
        told.append(snapshot)
        threads.add(threading.get_ident())

    returned = []
    with livecca.Monitor(
        tmp_path / "run", on_snapshot=on_snapshot, synchronous=synchronous
    ) as monitor:
        tap = monitor.watch("net", "layer")
        for epoch in range(3):
            with monitor.begin("probe", epoch) as step:
                step.observe(tap, X + epoch * np.roll(X, 1, axis=0))
            returned.append(monitor.snapshot(epoch))
    assert [snapshot.epoch for snapshot in told[:3]] == [0, 1, 2]
    for one, other in zip(told, returned, strict=False):
        assert one.ready and one.rows == other.rows and str(one) == str(other)
    assert (threading.get_ident() in threads) == synchronous


def test_an_on_snapshot_that_raises_is_an_event(tmp_path: Path) -> None:
    def fails(_: livecca.Snapshot) -> None:
        raise ValueError("no\nthanks")

    watched(tmp_path / "run", on_snapshot=fails)
    failed = [row for row in livecca.read_run(tmp_path / "run").of(livecca.EventRow)
              if row.what == "callback_failed"]  # fmt: skip
    assert failed[0].subject == "on_snapshot"
    assert failed[0].message.endswith("ValueError: no thanks")


def steps_of(folder: Path) -> set[int]:
    """The steps in TensorBoard's event files: field 2 of each event, read by hand."""
    found = set()
    for file in folder.rglob("*tfevents*"):
        content = file.read_bytes()
        place = 0
        while place < len(content):
            size = int.from_bytes(content[place : place + 8], "little")
            event = content[place + 12 : place + 12 + size]
            place += size + 16
            # Field 1 is the wall time, 9 bytes; field 2 is the step, a varint, absent if 0.
            step, shift, at = 0, 0, 10
            if event[9:10] == b"\x10":
                while True:
                    step |= (event[at] & 0x7F) << shift
                    shift += 7
                    at += 1
                    if event[at - 1] < 0x80:
                        break
            found.add(step)
    return found


def test_tensorboards_folder_and_axis(tmp_path: Path) -> None:
    sinks = [livecca.TensorBoard(folder=tmp_path / "board", axis="epoch")]
    watched(tmp_path / "run", sinks=sinks)
    epochs = steps_of(tmp_path / "board")
    assert {0, 1, 2, 3} <= epochs and max(epochs) <= 4  # the end of the run comes after them
    assert not (tmp_path / "run" / "tensorboard").exists()
    watched(tmp_path / "other", sinks="tensorboard")
    assert {2, 4, 6, 8} <= steps_of(tmp_path / "other" / "tensorboard")


def test_prometheus_serves_at_its_port(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with livecca.Monitor(tmp_path / "run", sinks=livecca.Prometheus(port=port)) as monitor:
        monitor.log("loss", 0.125, epoch=0)
        monitor.save(tmp_path / "saved")  # waits for the sinks
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read()
    assert b"loss" in page and b"0.125" in page


@pytest.mark.parametrize(
    ("sink", "words"),
    [
        (livecca.TensorBoard(axis="time"), "sinks: axis: expected 'step' or 'epoch', got 'time'"),
        (livecca.TensorBoard(folder=3), "sinks: folder: expected a path, got 3"),  # type: ignore
        (livecca.Prometheus(port=0), "sinks: port: expected a whole number of 1 or more, got 0"),
        (livecca.Prometheus(port=70000), "sinks: port: expected a number from 1 to 65535"),
        (livecca.Prometheus(address=None), "sinks: address: expected a text"),  # type: ignore
    ],
)
def test_wrong_settings_of_sinks_are_one_line(tmp_path: Path, sink: Any, words: str) -> None:
    with pytest.raises(livecca.Error) as error:
        livecca.Monitor(tmp_path / "run", sinks=[sink])
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
