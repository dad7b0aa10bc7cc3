"""The core monitor through Python, and the runs that it writes."""

from __future__ import annotations

import dataclasses
import gc
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca
from drifting import Layers, probe_pass


def watched(folder: Path, epochs: int = 4, **options: Any) -> Layers:
    layers = Layers()
    with livecca.Monitor(folder, **options) as monitor:
        for epoch in range(epochs):
            monitor.training_step(epoch)
            probe_pass(monitor, layers, epoch)
            monitor.snapshot(epoch)
            monitor.log("loss", 1.0 / (epoch + 1), epoch=epoch)
    return layers


def test_rows_are_those_of_compare(tmp_path: Path) -> None:
    layers = watched(tmp_path / "run", history_precision="exact")
    run = livecca.read_run(tmp_path / "run")
    start = layers.run(layers.inputs, 0)
    checked = 0
    for row in run.of(livecca.MeasureRow):
        if row.reference != "start":
            continue
        now = layers.run(layers.inputs, row.epoch)[row.layer]
        expected = livecca.compare(now, start[row.layer])
        name, _, scale = row.measure.rpartition("_")
        assert row.value == pytest.approx(getattr(expected, scale)[name], abs=1e-10), row
        checked += 1
    assert checked == 3 * 2 * 4  # snapshots after the first, layers, measures


def test_a_run_is_read_as_typed_rows(tmp_path: Path) -> None:
    watched(tmp_path / "run", notes={"data": "made up"})
    run = livecca.read_run(tmp_path / "run")
    assert [row.value for row in run.of(livecca.LogRow)] == [1.0, 0.5, 1 / 3, 0.25]
    assert run.of(livecca.RunRow)[0].notes == {"data": "made up"}
    assert {row.layer for row in run.of(livecca.LayerRow)} == {"hidden", "out"}
    assert run.of(livecca.EventRow)[-1].what == "finished"
    assert len(livecca.read_run(tmp_path / "run", spectra=False)) < len(run)
    assert not livecca.read_run(tmp_path / "run", spectra=False).of(livecca.SpectrumRow)


def test_a_torn_tail_and_foreign_lines_are_left_out(tmp_path: Path) -> None:
    watched(tmp_path / "run")
    whole = livecca.read_run(tmp_path / "run")
    with (tmp_path / "run" / "rows.jsonl").open("a") as file:
        file.write('not a row\n{"schema":1,"kind":"meas')
    read = livecca.read_run(tmp_path / "run" / "rows.jsonl")
    assert (read.rows, read.foreign_lines) == (whole.rows, 1)


def test_frames(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="SKIPPED: no pandas")
    watched(tmp_path / "run")
    run = livecca.read_run(tmp_path / "run")
    frame = run.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["value"]) == [row.value for row in run.of(livecca.MeasureRow)]
    assert set(run.to_pandas(livecca.VerdictRow)["layer"]) == {"hidden", "out"}


def test_the_curves_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas", reason="SKIPPED: no pandas")
    watched(tmp_path / "runs" / "first")
    text = (Path(__file__).parents[2] / "docs" / "pytorch.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^rows = .*\ncurves = .*$", text, flags=re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    names = {"livecca": livecca}
    exec(code, names)
    curves: Any = names["curves"]
    expected = {
        (row.epoch, row.layer): row.value
        for row in livecca.read_run(tmp_path / "runs" / "first").of(livecca.MeasureRow)
        if (row.stream, row.reference, row.measure) == ("probe", "start", "pwcca_distance")
    }
    assert len(expected) > 1 and curves.size == len(expected)
    assert {key: curves.loc[key] for key in expected} == expected


def test_frames_of_polars(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="SKIPPED: no polars")
    watched(tmp_path / "run")
    run = livecca.read_run(tmp_path / "run")
    for row_class in (livecca.MeasureRow, livecca.VerdictRow, livecca.OverheadRow):
        frame = run.to_polars(row_class)
        assert isinstance(frame, polars.DataFrame)
        rows = [dataclasses.asdict(row) for row in run.of(row_class)]
        assert rows and frame.height == len(rows)
        for name in frame.columns:
            values = [list(v) if isinstance(v, tuple) else v for v in (row[name] for row in rows)]
            assert frame[name].to_list() == values, name


def test_a_report_waits_and_prints(tmp_path: Path) -> None:
    layers = Layers()
    with livecca.Monitor(tmp_path / "run", synchronous=True) as monitor:
        for epoch in range(2):
            probe_pass(monitor, layers, epoch)
            report = monitor.snapshot(epoch)
        assert report.ready
        row = report.find("hidden", "start", "pwcca_distance")
        assert row is not None and row.value is not None and 0 < row.value < 1
        assert monitor.latest("hidden", "start", "pwcca_distance") == row
        assert "hidden" in str(report) and f"{row.value:.4f}" in str(report)
        assert "<table>" in report._repr_html_()


def test_events_come_while_the_main_thread_waits(tmp_path: Path) -> None:
    events: list[livecca.EventRow] = []
    threads: set[int] = set()

    def on_event(event: livecca.EventRow) -> None:
        events.append(event)
        threads.add(threading.get_ident())

    layers = Layers()
    with livecca.Monitor(tmp_path / "run", on_event=on_event) as monitor:
        tap = monitor.watch("net", "hidden")
        with monitor.begin("probe", 0) as step:
            step.observe(tap, np.full((50, 12), np.nan, np.float32))
            step.report_unwatchable("net/other", "expected a test, got one")
        monitor.snapshot(0)
        probe_pass(monitor, layers, 1)
        monitor.finish()  # waits for the callbacks, which need Python's lock
    assert {"nonfinite", "unwatchable"} <= {event.what for event in events}
    assert threading.get_ident() not in threads


def test_a_callback_that_raises_is_an_event(tmp_path: Path) -> None:
    def fails(_: livecca.EventRow) -> None:
        raise ValueError("no thanks")

    with livecca.Monitor(tmp_path / "run", on_event=fails) as monitor:
        with monitor.begin("probe", 0) as step:
            step.report_unwatchable("net/other", "expected a test, got one")
        monitor.snapshot(0)
    failed = [row for row in livecca.read_run(tmp_path / "run").of(livecca.EventRow)
              if row.what == "callback_failed"]  # fmt: skip
    assert failed and "no thanks" in failed[0].message


def test_saved_and_resumed_is_as_never_stopped(tmp_path: Path) -> None:
    watched(tmp_path / "straight", synchronous=True, compare_before=[1])
    layers = Layers()
    checkpoint: dict[str, Any] = {}
    for part in ((0, 1), (2, 3)):
        monitor = livecca.Monitor(
            tmp_path / "parts", synchronous=True, compare_before=[1], **checkpoint
        )
        for epoch in part:
            monitor.training_step(epoch)
            probe_pass(monitor, layers, epoch)
            monitor.snapshot(epoch)
            monitor.log("loss", 1.0 / (epoch + 1), epoch=epoch)
        monitor.save(tmp_path / "checkpoint")
        checkpoint = {"checkpoint": tmp_path / "checkpoint"}
        if part == (2, 3):
            monitor.finish()
        del monitor
        gc.collect()
    rows = [
        livecca.read_run(tmp_path / name).of(livecca.MeasureRow) for name in ("straight", "parts")
    ]
    assert rows[0] == rows[1] and len(rows[0]) > 20


def test_the_end_of_the_process_finishes_the_run(tmp_path: Path) -> None:
    code = f"""
import numpy as np, livecca
monitor = livecca.Monitor({str(tmp_path / "run")!r}, on_event=print)
tap = monitor.watch("net", "hidden")
for epoch in range(2):
    with monitor.begin("probe", epoch) as step:
        step.observe(tap, np.random.default_rng(epoch).normal(size=(90, 5)))
    monitor.snapshot(epoch)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    run = livecca.read_run(tmp_path / "run")
    assert run.of(livecca.EventRow)[-1].what == "finished"
    assert {row.reference for row in run.of(livecca.MeasureRow)} == {"start", "final"}


def test_a_forked_child_does_nothing(tmp_path: Path) -> None:
    layers = Layers()
    monitor = livecca.Monitor(tmp_path / "run", synchronous=True)
    probe_pass(monitor, layers, 0)
    monitor.snapshot(0)
    before = (tmp_path / "run" / "rows.jsonl").read_bytes()
    child = os.fork()
    if child == 0:
        probe_pass(monitor, layers, 1)
        monitor.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (tmp_path / "run" / "rows.jsonl").read_bytes() == before
    monitor.close()


def test_recorded_references_and_replay(tmp_path: Path) -> None:
    other = Layers(seed=9)
    other.inputs = Layers().inputs
    with livecca.Recorder(
        tmp_path / "other.safetensors", network="other", precision="exact"
    ) as recorder:
        recorder.set_inputs(other.inputs)
        for name, array in other.run(other.inputs, 0).items():
            recorder.observe(name, array)
        recorder.end_batch()
    layers = Layers()
    with livecca.Monitor(tmp_path / "run", history_precision="exact") as monitor:
        monitor.add_reference("other", tmp_path / "other.safetensors")
        for epoch in range(2):
            probe_pass(monitor, layers, epoch)
            report = monitor.snapshot(epoch)
        row = report.find("hidden", "other", "pwcca_distance")
    expected = livecca.compare(
        layers.run(layers.inputs, 1)["hidden"], other.run(other.inputs, 0)["hidden"]
    )
    assert row is not None and row.value == pytest.approx(expected.distance["pwcca"], abs=1e-10)
    replayed = livecca.replay(
        tmp_path / "run",
        measures=["procrustes"],
        references={"other": tmp_path / "other.safetensors"},
    )
    found = [r for r in replayed if isinstance(r, livecca.MeasureRow)
             and (r.epoch, r.layer, r.reference) == (1, "hidden", "other")]  # fmt: skip
    assert [r.measure for r in found] == ["procrustes_distance"]
    assert found[0].value == pytest.approx(expected.distance["procrustes"], rel=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"measures": ["cca"]}, "cca"),
        ({"nonsense": 1}, "nonsense: expected an option of Monitor"),
        ({"measures": 3}, "measures: expected names, got 3"),
        (
            {"sinks": ["wandb"]},
            "sinks: expected 'tensorboard', 'prometheus', a ",
        ),
        ({"precision": "double"}, "precision: expected exact or fast"),
        ({"overhead_budget": 2.0}, "overhead_budget"),
    ],
)
def test_wrong_options_are_one_line(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(livecca.Error) as error:
        livecca.Monitor(tmp_path / "run", **options)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    monitor = livecca.Monitor(tmp_path / "run")
    with pytest.raises(livecca.Error, match="holds the rows of a run"):
        livecca.Monitor(tmp_path / "run")
    with pytest.raises(livecca.Error, match="layout: expected nc"):
        monitor.watch("net", "a", "hwc")
    with pytest.raises(livecca.Error, match="probe"):
        monitor.begin("validation", 0)
    monitor.close()
    monitor.close()
    with pytest.raises(livecca.Error, match="not finished"):
        monitor.training_step(0)
    with pytest.raises(livecca.Error, match="expected"):
        livecca.read_run(tmp_path / "nowhere")


def test_a_step_tells_the_mode_that_a_network_ran_in(tmp_path: Path) -> None:
    layers = Layers()
    told: list[livecca.EventRow] = []
    with livecca.Monitor(tmp_path / "run", on_event=told.append) as monitor:
        taps = {name: monitor.watch("net", name) for name in ("hidden", "out")}
        for epoch, is_training in enumerate((True, False)):
            outputs = layers.run(layers.inputs, epoch)
            with monitor.begin("probe", epoch) as step:
                step.set_training_mode("net", is_training)
                for name, tap in taps.items():
                    step.observe(tap, outputs[name])
            report = monitor.snapshot(epoch)
        assert report.measures
        assert {row.modes for row in report.measures} == {("eval", "train")}  # now, and the start
        with pytest.raises(livecca.Error, match="is_training"):
            monitor.begin("probe", 2).set_training_mode("net", "eval")  # type: ignore[arg-type]
    [event] = [event for event in told if event.what == "training_mode"]
    assert (event.subject, event.epoch) == ("net", 0)
