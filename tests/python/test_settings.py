"""Schedules, windows and pairings: copied, pickled, compared, and refused in one line."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import livecca
from livecca import Pairing, Schedule, Window


def every_other(progress: Any) -> bool:
    return bool(progress.step % 2 == 0)


SETTINGS = [
    Schedule.never(),
    Schedule.every_steps(10),
    Schedule.every_epochs(2),
    Schedule.every_seconds(0.1 + 0.2),
    Schedule.log_spaced(3),
    Schedule.when(every_other),
    Window.all(),
    Window.since_snapshot(),
    Window.exponential(1000.0),
    Window.last_blocks(5, 300),
    Pairing.by_name(),
    Pairing.by_patterns([("conv*", "features.conv*")]),
    Pairing.all(),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda setting: pickle.loads(pickle.dumps(setting))]
)
def test_a_setting_is_copied_and_pickled(setting: Any, again: Callable[[Any], Any]) -> None:
    made = again(setting)
    assert type(made) is type(setting) and repr(made) == repr(setting)
    assert made == setting and hash(made) == hash(setting)
    assert [other for other in SETTINGS if other == made] == [setting]


def test_pickled_settings_are_taken_by_a_monitor(tmp_path: Path) -> None:
    asked: list[int] = []
    options = pickle.loads(pickle.dumps({
        "train_schedule": Schedule.every_steps(3), "train_window": Window.all(),
        "probe_schedule": Schedule.when(every_other), "pairing": Pairing.all(),
    }))  # fmt: skip
    with livecca.Monitor(tmp_path / "run", **options) as monitor:
        tap = monitor.watch("net", "a")
        assert tap.layer == "a"
        for step in range(7):
            monitor.training_step(0)
            if monitor.begin_if_due("train", 0) is not None:
                asked.append(step)
    assert asked == [0, 3, 6]
    run = livecca.read_run(tmp_path / "run").of(livecca.RunRow)[0]
    assert (run.train_schedule, run.train_window) == ("every 3 steps", "all")
    assert (run.probe_schedule, run.pairing) == ("predicate", "all with all")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Schedule.every_steps(0), "expected steps above 0, got 0"),
        (lambda: Schedule.every_steps("ten"), "Schedule.every_steps: expected arguments"),
        (lambda: Schedule.when(None), "Schedule.when: expected arguments"),
        (lambda: Window.last_blocks(-1, 3), "Window.last_blocks: expected arguments"),
        (lambda: Pairing.by_patterns([("a*", "b")]), "a*"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(livecca.Error) as error:
        make()
    assert words in str(error.value) and "\n" not in str(error.value)
