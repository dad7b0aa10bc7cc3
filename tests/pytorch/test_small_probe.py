"""A probe that is too small for the widest layer is told at its first pass."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca.torch import Monitor


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 12), nn.Linear(12, 2))


def told(
    caplog: pytest.LogCaptureFixture, run_dir: Path, inputs: int, **options: Any
) -> tuple[list[str], str]:
    """The warnings of two passes over a probe, and the last report."""
    options = {"layers": "*", "probe": torch.randn(inputs, 4).split(50), **options}
    with caplog.at_level(logging.WARNING, "livecca"), warnings.catch_warnings():
        warnings.simplefilter("error")
        with Monitor(options.pop("model", network()), run_dir=run_dir, **options) as monitor:
            monitor.snapshot()
            report = str(monitor.snapshot())
    return [record.getMessage() for record in caplog.records if record.name == "livecca"], report


def test_it_is_told_once_with_the_number_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    [warning], report = told(caplog, tmp_path / "run", 75)
    expected = (
        "the probe is too small for layer '2' and 2 others: 12 features need 120 inputs, got 75"
    )
    assert warning == f"livecca: {expected}; monitor.plan() shows all layers"
    assert report.endswith(f"! {expected}\n")
    assert "small_probe" not in report  # once is enough
    [event] = watched.events(tmp_path / "run", "small_probe")
    assert event.message.startswith("expected 120 different images, ten for each of the 12 ")


def test_a_probe_that_is_large_enough_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    messages, report = told(caplog, tmp_path / "run", 120)
    assert messages == [] and "too small" not in report


def test_what_counts_are_the_features_that_are_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert told(caplog, tmp_path / "one", 40, max_features=4)[0] == []
    images: Any = {
        "model": nn.Sequential(nn.Conv2d(1, 2, 3)),
        "probe": torch.randn(100, 1, 5, 6).split(50),
        "readings": {"0": ("nchw", "flattened")},
    }
    [warning], _ = told(caplog, tmp_path / "two", 0, **images)
    assert "24 features need 240 inputs, got 100;" in warning


def test_an_input_counts_once_however_many_steps_it_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    steps_first: Any = {"model": nn.LSTM(3, 5), "probe": [torch.randn(70, 20, 3)] * 2}
    [warning], _ = told(caplog, tmp_path / "run", 0, **steps_first)
    assert "5 features need 50 inputs, got 40" in warning


def test_a_pass_that_fails_says_nothing_of_sizes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    batches: Any = [torch.randn(20, 4), torch.randn(20, 5)]
    messages, _ = told(caplog, tmp_path / "run", 0, probe=batches)
    assert not any("too small" in message for message in messages)
    assert livecca.read_run(tmp_path / "run").of(livecca.MeasureRow) == ()
