"""What costs a run its numbers is logged when it happens, and reports say what to do."""

from __future__ import annotations

import logging
import pickle
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import livecca
import watched
from livecca.torch import Monitor


class Shuffling:
    """Another order at each pass, which nobody can see beforehand."""

    def __init__(self) -> None:
        self.passes = 0

    def __iter__(self) -> Iterator[torch.Tensor]:
        self.passes += 1
        order = torch.randperm(256, generator=torch.Generator().manual_seed(self.passes))
        return iter([watched.data()[0][order]])


def monitor_of(model: torch.nn.Module, run_dir: Path, **options: Any) -> Monitor:
    return Monitor(model, ["fc1", "fc2"], run_dir=run_dir, synchronous=True, **options)


def test_a_probe_that_shuffles_is_told_at_the_second_snapshot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = watched.Net()
    told: list[livecca.EventRow] = []
    monitor = monitor_of(model, tmp_path / "run", probe=Shuffling(), on_event=told.append)
    monitor.snapshot()
    assert caplog.messages == []
    watched.train(model, epochs=1)
    monitor.step()
    report = monitor.snapshot()
    monitor.snapshot()
    final = monitor.finish()
    [message] = caplog.messages
    assert message.startswith(
        "livecca: other_probe, start/fc1: snapshot-0000.safetensors: expected"
    )
    assert message.endswith("shuffle=False, no random transforms")
    for one, subject in ((report, "start/fc1, fc2"), (final, "final/fc1, fc2")):
        [line] = [line for line in str(one).splitlines() if "other_probe" in line]
        assert line.startswith(f"! other_probe, {subject}: snapshot-") and "shuffle=False" in line
        assert str(tmp_path) not in str(one)
    assert [event.subject for event in told if event.what == "other_probe"][:2] == [
        "start/fc1",
        "start/fc2",
    ]  # the user's own function has them all, unchanged
    assert str(tmp_path) in told[0].message


def test_it_is_told_before_the_run_ends(tmp_path: Path) -> None:
    model = watched.Net()
    told = threading.Event()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "other_probe" in record.getMessage():
                told.set()

    handler = Handler()
    logging.getLogger("livecca").addHandler(handler)
    try:
        monitor = Monitor(model, "fc1", probe=Shuffling(), run_dir=tmp_path / "run")
        monitor.snapshot()
        monitor.snapshot()
        assert told.wait(30)  # its solve takes milliseconds; 30 s are for a busy machine
        monitor.finish()
    finally:
        logging.getLogger("livecca").removeHandler(handler)


@pytest.mark.parametrize("first", [True, False])
def test_weights_that_are_nan_are_told_at_once_and_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, first: bool
) -> None:
    model = watched.Net()
    monitor = monitor_of(model, tmp_path / "run", probe=[watched.data()[0]])
    if not first:
        monitor.snapshot()
        watched.train(model, epochs=1)
        monitor.step()
    with torch.no_grad():
        model.fc1.weight.fill_(torch.nan)
    report = monitor.snapshot()
    monitor.step()
    monitor.snapshot()
    final = monitor.finish()
    [message] = [text for text in caplog.messages if "nonfinite" in text]
    assert "net/fc1: " in message and "NaN or infinite" in message and "learning rate" in message
    [line] = [line for line in str(report).splitlines() if "! nonfinite" in line]
    assert line.startswith("! nonfinite, net/fc1, fc2: ") and "learning rate" in line
    assert "! no answer: fc1 (not finite), fc2 (not finite)" in str(final).splitlines()
    assert str(pickle.loads(pickle.dumps(final))) == str(final)  # as callbacks of trainers are
    alarm = "! fc1, fc2, exploding at the last snapshot: 256 of 256 samples are not finite"
    assert alarm in str(final).splitlines() and "not finite" in final._repr_html_()


def test_what_a_log_handler_raises_does_not_reach_the_monitor(tmp_path: Path) -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("no disk")

    handler = Handler()
    told: list[livecca.EventRow] = []
    logging.getLogger("livecca").addHandler(handler)
    try:
        monitor = monitor_of(
            watched.Net(), tmp_path / "run", probe=Shuffling(), on_event=told.append
        )
        for _ in range(2):
            monitor.snapshot()
        monitor.finish()
    finally:
        logging.getLogger("livecca").removeHandler(handler)
    assert {event.what for event in told} == {"other_probe"}
    assert watched.events(tmp_path / "run", "callback_failed") == []


def test_what_is_no_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(livecca.Error, match="on_event: expected a function, got 3"):
        monitor_of(watched.Net(), tmp_path / "run", probe=Shuffling(), on_event=3)


def test_a_dead_layer_is_in_the_report_at_the_end(tmp_path: Path) -> None:
    model = watched.Net()
    monitor = Monitor(model, ["fc1", "relu"], probe=[watched.data()[0]], run_dir=tmp_path / "run")
    monitor.snapshot()
    with torch.no_grad():
        model.norm.bias.fill_(-1000.0)
    monitor.step()
    report, final = monitor.snapshot(), monitor.finish()
    words = "dead{}: 3 of 3 neurons do not vary, rank 0"
    assert f"! relu, {words.format('')}" in str(report).splitlines()
    assert f"! relu, {words.format('')}" in report._repr_html_()
    assert f"! relu, {words.format(' at the last snapshot')}" in str(final).splitlines()


def test_the_first_step_alone_is_observed_without_step(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = watched.Net()
    options: Any = {"train_stream": livecca.Schedule.every_steps(1)}
    with monitor_of(
        model, tmp_path / "run", references={"other": watched.Net(5)}, **options
    ) as monitor:
        for _ in range(3):
            model(watched.data()[0]).sum().backward()
            monitor.snapshot()
    observed = watched.train_samples(tmp_path / "run")["fc1"]
    assert observed == 256  # one step of three
    [message] = [text for text in caplog.messages if "step()" in text]
    assert re.search(r"never called; so no training step is observed but the first$", message)


class TrainsAnyway(watched.Net):
    """Its forward() puts a part of it into training mode, whatever it is asked for."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.fc1.train()
        return super().forward(x)


def test_a_network_that_trains_during_the_probe_is_told_and_its_rows_say_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = TrainsAnyway()
    with monitor_of(model, tmp_path / "run", probe=[watched.data()[0]]) as monitor:
        monitor.snapshot()
        report = monitor.snapshot()
    assert {row.modes for row in report.measures} == {("train", "train")}
    [message] = [text for text in caplog.messages if "training_mode" in text]
    assert message.startswith(
        "livecca: training_mode, net: expected the probe to run in evaluation"
    )
    assert message.endswith("forward() must not call train()")


def test_a_network_in_training_mode_is_in_evaluation_mode_on_the_probe(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = watched.Net().train()
    with monitor_of(model, tmp_path / "run", probe=[watched.data()[0]]) as monitor:
        monitor.snapshot()
        report = monitor.snapshot()
    assert model.training
    assert {row.modes for row in report.measures} == {("eval", "eval")}
    assert not [text for text in caplog.messages if "training_mode" in text]
