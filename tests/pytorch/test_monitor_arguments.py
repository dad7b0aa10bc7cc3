"""Wrong arguments of a torch monitor: one line, nothing written, and training goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import livecca
import watched
from livecca import Error
from livecca.torch import Monitor, record

X, _ = watched.data(rows=60, seed=5)


def monitor_of(run: Any, **options: Any) -> Monitor:
    return Monitor(watched.Net(), ["fc1"], run_dir=run, **{"probe": [X], **options})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"run_dir": None}, "run_dir: expected a path, got None"),
        ({"network": 3}, "network: expected a text, got 3"),
        ({"compare_before": 1}, "compare_before: expected whole numbers such as [1], got 1"),
        ({"positions": -1}, "positions: expected a whole number of 1 or more, got -1"),
        ({"overhead_budget": "2 %"}, "overhead_budget: expected a number, got '2 %'"),
        ({"references": {"other": X}}, "references['other']: expected the path of a pack"),
        ({"references": ["other"]}, "references: expected a mapping"),
        ({"sinks": [livecca.Prometheus(port=-1)]}, "sinks: port: expected a whole number"),
    ],
)
def test_wrong_options_are_one_line(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    run = {"run": tmp_path / "run", **options}
    run["run"] = run.pop("run_dir", run["run"])
    with pytest.raises(Error) as error:
        monitor_of(**run)
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("epoch", [2.0, "a", np.float32(1), [1]])
def test_a_wrong_epoch_is_refused_and_forgotten(tmp_path: Path, epoch: Any) -> None:
    model = watched.Net()
    with Monitor(model, ["fc1"], probe=[X], run_dir=tmp_path / "run") as monitor:
        for call in (monitor.snapshot, monitor.step):
            with pytest.raises(Error, match="epoch: expected a whole number, got"):
                call(epoch)
        watched.train(model, monitor, epochs=2)
        monitor.log("loss", torch.tensor(0.5))  # type: ignore[arg-type]
        monitor.step(np.int64(7))  # type: ignore[arg-type]
        report = monitor.snapshot(np.int32(7))  # type: ignore[arg-type]
        with pytest.raises(Error, match="loss: expected a number, got 'low'"):
            monitor.log("loss", "low")  # type: ignore[arg-type]
    assert {row.epoch for row in report.measures} == {7}
    assert watched.events(tmp_path / "run") == []


def test_a_network_is_recorded_as_a_torch_monitor_needs_it(tmp_path: Path) -> None:
    options = {"positions": 3, "position_seed": 5, "history_precision": "exact"}
    with monitor_of(tmp_path / "run", **options) as monitor:
        record(watched.Net(8), [X], tmp_path / "a.safetensors", layers=["fc1"], monitor=monitor)
        with livecca.Recorder(tmp_path / "b.safetensors", monitor=monitor) as recorder:
            recorder.set_inputs(X)
            recorder.observe("fc1", watched.Net(8).fc1(X))
            recorder.end_batch()
    packs = {name: tmp_path / f"{name}.safetensors" for name in "ab"}
    with monitor_of(tmp_path / "other", references=packs, **options) as monitor:
        report = monitor.snapshot()
    rows = {row.reference: row.value for row in report.measures if row.measure == "pwcca_distance"}
    assert rows["a"] == rows["b"] is not None
    assert not report.events


def test_a_monitor_without_a_probe_misses_none(tmp_path: Path) -> None:
    model = watched.Net()
    schedule = livecca.Schedule.every_steps(1)
    with monitor_of(tmp_path / "run", probe=None, train_stream=schedule) as monitor:
        watched.train(model, monitor, epochs=1)
    assert not [event for event in watched.events(tmp_path / "run") if "probe" in event.subject]
