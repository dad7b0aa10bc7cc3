"""Events of a monitor, as a user of Python reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import livecca

X = np.random.default_rng(1).normal(size=(200, 6))


def test_a_monitor_of_the_train_stream_alone_misses_no_probe(tmp_path: Path) -> None:
    with livecca.Monitor(
        tmp_path / "run", probe_schedule=livecca.Schedule.never(), synchronous=True
    ) as monitor:
        tap = monitor.watch("net", "layer")
        first = monitor.snapshot(0)
        with monitor.begin("train", 1) as step:
            step.observe(tap, X)
        second = monitor.snapshot(1)
    assert [(event.what, event.subject) for event in first.events] == [("missing", "train")]
    assert not second.events
    told = livecca.read_run(tmp_path / "run").of(livecca.EventRow)
    assert [event.what for event in told] == ["missing", "finished"]


def test_messages_speak_of_what_python_has(tmp_path: Path) -> None:
    with livecca.Monitor(tmp_path / "run") as monitor:
        monitor.snapshot(0)
        tap = monitor.watch("net", "layer")
        with monitor.begin("probe", 1) as step:
            step.observe(tap, X)
        monitor.snapshot(1)
    events = livecca.read_run(tmp_path / "run").of(livecca.EventRow)
    assert {"missing", "unverified_probe"} <= {event.what for event in events}
    assert not [event for event in events if "::" in event.message]
