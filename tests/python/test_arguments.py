"""Arguments of wrong types and values: livecca.Error in one line, whoever takes them."""

from __future__ import annotations

import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca

SEQUENCES = np.random.default_rng(2).normal(size=(20, 5, 3))
X = np.random.default_rng(1).normal(size=(60, 4))


def refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(livecca.Error) as error:
        call()
    message = str(error.value)
    assert words in message and "\n" not in message and "incompatible" not in message
    assert message.partition(":")[0] in words or ": expected" in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "seed: expected a whole number of 0 or more, got -1"),
        ({"seed": 1.0}, "seed: expected a whole number"),
        ({"seed": 2**70}, "seed: expected a whole number"),
        ({"positions": True}, "positions: expected a whole number of 1 or more, got True"),
        ({"positions": "16"}, "positions: expected a whole number of 1 or more, got '16'"),
        ({"precision": None}, "precision: expected a text, got None"),
        ({"layout": 5}, "layout: expected a text, got 5"),
        ({"measures": 5}, "measures: expected names, got 5"),
        ({"measures": [5]}, "measures: expected a text, got 5"),
        ({"samples": None}, "samples: expected a text, got None"),
        ({"samples": "step:²"}, "samples: expected 'step:T' with a step's number, got 'step:²'"),
        ({"samples": "step:" + "9" * 30}, "samples: expected 'step:T'"),
        ({"keep_variance": "a"}, "keep_variance: expected a number, got 'a'"),
        ({"keep_variance": float("nan")}, "keep_variance: expected a number from 0 to 1"),
        ({"alpha": []}, "alpha: expected a number, got []"),
        ({"keep_directions": 1.5}, "keep_directions: expected a whole number"),
        ({"standard_errors": "10"}, "standard_errors: expected a whole number"),
        ({"max_features": np.zeros(3)}, "max_features: expected a whole number"),
    ],
)
def test_options_of_compare(options: dict[str, Any], words: str) -> None:
    refused(lambda: livecca.compare(X, X, **options), words)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([[1, 2], [3]], "x: expected an array, got list"),
        (np.ma.masked_greater(X, 1), "x: expected an array without a mask, got a masked one"),
        (X.astype(np.complex64), "x: expected floating-point or whole numbers, got complex64"),
        (np.array([["a"]]), "x: expected floating-point or whole numbers"),
        (None, "x: expected floating-point or whole numbers, got object"),
        (X.astype(np.longdouble), "x: expected floating-point or whole numbers, got "),
        (array.array("d", [1.0, 2.0]), "x: expected 2 axes"),
        (np.float64(3), "x: expected"),
    ],
)
def test_arrays_of_compare(x: Any, words: str) -> None:
    refused(lambda: livecca.compare(x, X), words)


WRONG_MASKS = [
    (np.full((20, 5), 0.5), "mask: expected 0 and 1, got 0.5"),
    (np.full((20, 5), -1e9), "mask: expected 0 and 1, got -1"),
    (np.full((20, 5), 256), "mask: expected 0 and 1, got 256"),
    (np.full((20, 5), np.nan), "mask: expected 0 and 1, got"),
    (np.ones((20, 5, 1), bool), "mask: expected"),
    ("left", "mask: expected"),
]


@pytest.mark.parametrize(("mask", "words"), WRONG_MASKS)
def test_masks_are_checked_wherever_they_are_given(tmp_path: Path, mask: Any, words: str) -> None:
    refused(lambda: livecca.compare(SEQUENCES, SEQUENCES, layout="ntc", mask=mask), words)
    recorder = livecca.Recorder(tmp_path / "pack.safetensors")
    refused(lambda: recorder.observe("layer", SEQUENCES, "ntc", mask=mask), words)
    with livecca.Monitor(tmp_path / "run") as monitor:
        tap = monitor.watch("net", "layer", "ntc")
        step = monitor.begin("probe", 0)
        refused(lambda: step.observe(tap, SEQUENCES, mask), words)
        step.discard()


@pytest.mark.parametrize("dtype", [bool, np.int64, np.float32])
def test_masks_of_all_types_are_the_same(tmp_path: Path, dtype: Any) -> None:
    valid = (np.arange(5) < np.arange(20)[:, None] % 6).astype(dtype)
    with livecca.Monitor(tmp_path / "run") as monitor:
        tap = monitor.watch("net", "layer", "ntc")
        with monitor.begin("probe", 0) as step:
            step.observe(tap, SEQUENCES, valid)
        [row] = [r for r in monitor.snapshot(0).rows if isinstance(r, livecca.LayerRow)]
    assert row.samples == np.count_nonzero(valid)


def test_a_mask_that_hides_nothing_and_a_field_are_arrays() -> None:
    expected = livecca.compare(X, X[:, ::-1])
    record = np.zeros(60, dtype=[("a", "f8", 4), ("b", "i1")])
    record["a"] = X
    for x in (record["a"], np.ma.masked_array(X, mask=False), X.view(np.matrix)):
        assert livecca.compare(x, X[:, ::-1]).to_dict() == expected.to_dict()


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    options = {"positions": np.int64(3), "seed": np.uint8(5), "alpha": np.float32(0.5)}
    expected = livecca.compare(SEQUENCES, SEQUENCES, layout="ntc", positions=3, seed=5, alpha=0.5)
    got = livecca.compare(SEQUENCES, SEQUENCES, layout="ntc", **options)
    assert got == expected
    with livecca.Monitor(
        tmp_path / "run",
        positions=np.int16(2),
        max_features=np.int64(100),
        keep_variance=np.float32(0.5),
        synchronous=np.bool_(True),
        compare_before=np.array([1]),
        measures=("pwcca",),
    ) as monitor:
        tap = monitor.watch("net", "layer", samples="positions", step=np.int64(0))
        for epoch in np.arange(2):
            monitor.training_step(epoch)
            with monitor.begin("probe", epoch) as step:
                step.observe(tap, X + epoch * X[:, ::-1])
            report = monitor.snapshot(epoch)
            monitor.log("loss", np.float32(0.5), epoch=epoch)
            monitor.log("loss", np.array(0.25))
    assert {row.reference for row in report.measures} == {"start", "before-1"}
    assert [row.value for row in livecca.read_run(tmp_path / "run").of(livecca.LogRow)] == [
        0.5, 0.25, 0.5, 0.25]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"positions": -1}, "positions: expected a whole number of 1 or more, got -1"),
        ({"positions": "a"}, "positions: expected a whole number of 1 or more, got 'a'"),
        ({"position_seed": None}, "position_seed: expected a whole number"),
        ({"run_dir": None}, "run_dir: expected a path, got None"),
        ({"run_dir": ""}, "run_dir: expected a path, got ''"),
        ({"run_dir": 3}, "run_dir: expected a path, got 3"),
        ({"checkpoint": 3}, "checkpoint: expected a path, got 3"),
        ({"notes": [1]}, "notes: expected a mapping such as {'name': …}, got [1]"),
        ({"sinks": "wandb"}, "sinks: expected 'tensorboard', 'prometheus', a livecca.TensorBoard"),
        ({"sinks": [3]}, "sinks: expected 'tensorboard'"),
        ({"on_event": 3}, "on_event: expected a function, got 3"),
        ({"on_snapshot": "f"}, "on_snapshot: expected a function, got 'f'"),
        ({"network": 3}, "network: expected a text, got 3"),
        ({"memory_limit": -1}, "memory_limit: expected a whole number of 0 or more, got -1"),
        ({"compare_before": 1}, "compare_before: expected whole numbers such as [1], got 1"),
        ({"compare_before": ["a"]}, "compare_before: expected a whole number"),
        ({"train_window": "all"}, "train_window: expected a livecca.Window, got 'all'"),
        ({"train_schedule": 10}, "train_schedule: expected a livecca.Schedule, got 10"),
        ({"pairing": "all"}, "pairing: expected a livecca.Pairing, got 'all'"),
        ({"synchronous": "yes"}, "synchronous: expected True or False, got 'yes'"),
        ({"overhead_budget": "2 %"}, "overhead_budget: expected a number, got '2 %'"),
        ({"precision": 64}, "precision: expected a text, got 64"),
        ({"set_on_event": print}, "set_on_event: expected an option of Monitor"),
        ({"verdict_snapshots": 2.5}, "verdict_snapshots: expected a whole number"),
    ],
)
def test_options_of_a_monitor(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    run = {"run_dir": tmp_path / "run", **options}
    refused(lambda: livecca.Monitor(**run), words)
    assert not list(tmp_path.iterdir())  # nothing is written before all is accepted


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.watch(3, "a"), "network: expected a text, got 3"),
        (lambda m: m.watch("net", None), "layer: expected a text, got None"),
        (lambda m: m.watch("net", "a", step="1"), "step: expected a whole number"),
        (lambda m: m.begin("probe", 2.5), "epoch: expected a whole number, got 2.5"),
        (lambda m: m.begin(None, 2), "stream: expected a text, got None"),
        (lambda m: m.begin_if_due("train", "1"), "epoch: expected a whole number, got '1'"),
        (lambda m: m.training_step(None), "epoch: expected a whole number, got None"),
        (lambda m: m.snapshot("a"), "epoch: expected a whole number, got 'a'"),
        (lambda m: m.snapshot_if_due(1.0), "epoch: expected a whole number, got 1.0"),
        (lambda m: m.claim_probe_pass([]), "epoch: expected a whole number, got []"),
        (lambda m: m.discard_probe_pass(0, 3), "why: expected a text, got 3"),
        (lambda m: m.latest("a", "start", 3), "measure: expected a text, got 3"),
        (lambda m: m.log("loss", "low"), "loss: expected a number, got 'low'"),
        (lambda m: m.log(3, 1.0), "name: expected a text, got 3"),
        (lambda m: m.log("loss", np.zeros(2)), "loss: expected a number"),
        (lambda m: m.save(None), "folder: expected a path, got None"),
        (lambda m: m.plan(-1), "images_per_step: expected a whole number of 1 or more, got -1"),
        (lambda m: m.add_reference("other", 3), "pack: expected a path, got 3"),
        (lambda m: m.begin("probe", 0).observe("a", X), "tap: expected what Monitor.watch()"),
        (lambda m: m.begin("probe", 0).observe(m.watch("net", "a"), "x"), "net/a: expected float"),
        (lambda m: m.begin("train", 0).add_observing_time("1"), "seconds: expected a number"),
    ],
)
def test_arguments_of_a_monitors_methods(tmp_path: Path, call: Any, words: str) -> None:
    with livecca.Monitor(tmp_path / "run") as monitor:
        refused(lambda: call(monitor), words)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda _: livecca.read_run(None), "path: expected a path, got None"),
        (lambda run: livecca.read_run(run, spectra=3), "spectra: expected True or False, got 3"),
        (lambda run: livecca.replay(run, measures=3), "measures: expected names, got 3"),
        (lambda run: livecca.replay(run, before=1), "before: expected whole numbers"),
        (lambda run: livecca.replay(run, references=["a"]), "references: expected a mapping"),
        (lambda run: livecca.replay(run, references={"a": 1}), "references['a']: expected a path"),
        (lambda run: livecca.replay(run, pairing=1), "pairing: expected a livecca.Pairing, got 1"),
        (lambda run: livecca.replay(run, keep_variance="a"), "keep_variance: expected a number"),
        (lambda run: livecca.Recorder(None), "path: expected a path, got None"),
        (
            lambda run: livecca.Recorder(run / "p.safetensors", monitor=3),
            "monitor: expected a livecca.Monitor or a livecca.torch.Monitor, got 3",
        ),
        (lambda run: livecca.Recorder(run / "p.safetensors", positions=-1), "positions: expected"),
        (lambda run: livecca.Recorder(run / "p.safetensors", epoch="1"), "epoch: expected a whole"),
        (lambda run: livecca.Recorder(run / "p.safetensors", network=1), "network: expected"),
        (lambda _: livecca.Moments(4, layout=5), "layout: expected a text, got 5"),
        (lambda _: livecca.Moments(4, precision=5), "precision: expected a text, got 5"),
        (lambda _: livecca.Moments.load(None), "path: expected a path, got None"),
        (lambda _: livecca.Moments(4).save(3), "path: expected a path, got 3"),
        (lambda _: livecca.Moments(4).update([[1, 2], [3]]), "x: expected an array, got list"),
    ],
)
def test_arguments_of_all_others(tmp_path: Path, call: Any, words: str) -> None:
    refused(lambda: call(tmp_path), words)


def test_long_values_are_cut(tmp_path: Path) -> None:
    with pytest.raises(livecca.Error) as error:
        livecca.Monitor(tmp_path / "run", network=["layer"] * 1000)
    assert len(str(error.value)) < 200
