"""How monitors end: closed, let go, by other threads, and with the process."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca

BEGIN = """
import faulthandler, sys, threading, time
import numpy as np, livecca
faulthandler.dump_traceback_later(100, exit=True)
folder = sys.argv[1]
"""


def ended(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process that ran the code to its end, which hangs and crashes would not do."""
    command = [sys.executable, "-c", BEGIN + code, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done


def numbers(rows: int = 90, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=(rows, 4))


def passes(monitor: livecca.Monitor, epochs: int = 2) -> None:
    tap = monitor.watch("net", "layer")
    for epoch in range(epochs):
        with monitor.begin("probe", epoch) as step:
            step.observe(tap, numbers(seed=epoch))
        monitor.snapshot(epoch)


def is_finished(run: Path) -> bool:
    references = {row.reference for row in livecca.read_run(run).of(livecca.MeasureRow)}
    return len(events(run, "finished")) == 1 and "final" in references


def events(run: Path, what: str) -> list[livecca.EventRow]:
    return [row for row in livecca.read_run(run).of(livecca.EventRow) if row.what == what]


def test_threads_that_ask_one_predicate_do_not_wait_for_each_other(tmp_path: Path) -> None:
    code = """
def predicate(progress):
    return sum(range(20000)) < 0
schedule = livecca.Schedule.when(predicate)
monitor = livecca.Monitor(
    folder + "/run", train_schedule=schedule, probe_schedule=schedule, train_snapshots=schedule)
def work():
    for _ in range(60):
        monitor.begin_if_due("train", 0)
        monitor.begin_if_due("probe", 0)
        monitor.claim_probe_pass(0)
        monitor.snapshot_if_due(0)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
monitor.close()
"""
    ended(code, tmp_path)


def test_calls_wait_for_threads_that_need_pythons_lock(tmp_path: Path) -> None:
    # The events come in a callback while other threads are within all kinds of calls.
    code = """
monitor = livecca.Monitor(folder + "/run", on_event=lambda event: monitor.plan(90),
                          on_snapshot=lambda snapshot: monitor.latest("layer", "start", "pwcca"))
taps = [monitor.watch("net", name) for name in "abcd"]
def work(number):
    for i in range(60):
        with monitor.begin("train", i) as step:
            step.observe(taps[number], np.random.default_rng(i).normal(size=(50, 4)))
            step.report_unwatchable(f"net/{number}/{i}", "expected a test, got one")
        monitor.watch("net", f"{number}/{i}")
        monitor.log("loss", i)
        monitor.snapshot(i, "train")
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
monitor.close()
"""
    ended(code, tmp_path)


@pytest.mark.parametrize("stream", ["probe", "train"])
def test_a_step_that_outlives_its_monitor_is_refused(tmp_path: Path, stream: str) -> None:
    monitor = livecca.Monitor(tmp_path / "run")
    passes(monitor)
    tap = monitor.watch("net", "layer")
    step = monitor.begin(stream, 2)
    step.observe(tap, numbers())
    monitor.close()
    for name, arguments in {
        "observe": (tap, numbers()),
        "set_inputs": (numbers(),),
        "report_unwatchable": ("net/layer", "why"),
        "add_observing_time": (1.0,),
        "commit": (),
    }.items():
        with pytest.raises(livecca.Error, match="not finished"):
            getattr(step, name)(*arguments)
    step.discard()
    del step
    gc.collect()
    assert is_finished(tmp_path / "run")
    assert events(tmp_path / "run", "step_discarded")


@pytest.mark.parametrize("synchronous", [False, True])
def test_close_waits_for_calls_of_other_threads(tmp_path: Path, synchronous: bool) -> None:
    monitor = livecca.Monitor(tmp_path / "run", synchronous=synchronous)
    passes(monitor)
    tap = monitor.watch("net", "layer")
    refused: list[str] = []
    began = threading.Barrier(5)

    def work(call: Any) -> None:
        began.wait()
        try:
            while True:
                call()
        except livecca.Error as reason:
            refused.append(str(reason))

    def observe() -> None:
        with monitor.begin("train", 2) as step:
            step.observe(tap, numbers(400))

    calls = [
        observe,
        observe,
        lambda: monitor.training_step(2),
        lambda: monitor.latest("layer", "start", "pwcca_distance"),
    ]
    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    began.wait()
    monitor.close()
    for thread in threads:
        thread.join()
    assert len(refused) == 4 and all("\n" not in reason for reason in refused)
    assert is_finished(tmp_path / "run")


def test_threads_that_share_a_step_wait_for_each_other(tmp_path: Path) -> None:
    monitor = livecca.Monitor(tmp_path / "run")
    taps = [monitor.watch("net", str(i)) for i in range(64)]
    step = monitor.begin("probe", 0)

    def work(first: int) -> None:
        for tap in taps[first::4]:
            step.observe(tap, numbers(300))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    step.commit()
    rows = [row for row in monitor.snapshot(0).rows if isinstance(row, livecca.LayerRow)]
    assert {row.layer: row.samples for row in rows} == {str(i): 300 for i in range(64)}
    monitor.close()


@pytest.mark.parametrize("synchronous", [False, True])
@pytest.mark.parametrize("method", ["close", "finish"])
def test_a_callback_cannot_end_its_own_monitor(
    tmp_path: Path, method: str, synchronous: bool
) -> None:
    monitor = livecca.Monitor(
        tmp_path / "run",
        on_event=lambda event: getattr(monitor, method)(),
        train_schedule=livecca.Schedule.when(lambda progress: getattr(monitor, method)()),
        synchronous=synchronous,
    )
    with monitor.begin("train", 0) as step:
        step.report_unwatchable("net/other", "expected a test, got one")
    assert monitor.begin_if_due("train", 0) is None
    passes(monitor)
    monitor.close()
    assert is_finished(tmp_path / "run")
    failed = events(tmp_path / "run", "callback_failed")
    assert {event.subject for event in failed} == {"on_event", "train schedule"}
    for event in failed:
        assert (
            f"livecca.Error: {method}: expected a call from outside of the monitor" in event.message
        )
        assert "\n" not in event.message


def test_a_monitor_that_is_let_go_finishes_its_run(tmp_path: Path) -> None:
    def train() -> None:
        monitor = livecca.Monitor(tmp_path / "run")
        passes(monitor)
        monitor.begin("train", 2)

    train()
    gc.collect()
    assert is_finished(tmp_path / "run")
    livecca.Monitor(tmp_path / "other").close()


def test_a_monitor_that_its_own_callback_lets_go_finishes_its_run(tmp_path: Path) -> None:
    held: list[livecca.Monitor] = []
    may_let_go, was_called = threading.Event(), threading.Event()

    def on_event(_: livecca.EventRow) -> None:
        assert may_let_go.wait(60)
        held.clear()
        was_called.set()

    held.append(livecca.Monitor(tmp_path / "run", on_event=on_event))
    passes(held[0])
    with held[0].begin("train", 2) as step:
        step.report_unwatchable("net/other", "expected a test, got one")
    may_let_go.set()
    assert was_called.wait(60)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    assert is_finished(tmp_path / "run")


def test_one_run_that_cannot_be_ended_does_not_stop_the_others(tmp_path: Path) -> None:
    code = """
from livecca import _core
monitors = [livecca.Monitor(f"{folder}/{name}") for name in "abc"]
for monitor in monitors:
    tap = monitor.watch("net", "layer")
    for epoch in range(2):
        with monitor.begin("probe", epoch) as step:
            step.observe(tap, np.random.default_rng(epoch).normal(size=(90, 4)))
        monitor.snapshot(epoch)
close = _core.Monitor.close
def fails_once(core):
    close(core)
    if core is monitors[1]._core: raise livecca.Error("expected a disk, got a test")
_core.Monitor.close = fails_once
"""
    command = [sys.executable, "-c", BEGIN + code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stderr == "livecca: the run was not ended: expected a disk, got a test\n"
    assert all(is_finished(tmp_path / name) for name in "abc")


DAEMONS = {
    "compare": """
x = np.random.default_rng(1).normal(size=(4000, 100))
def work():
    while True: livecca.compare(x, x, measures="mean_cca")
""",
    "moments": """
x = np.random.default_rng(1).normal(size=(2000, 60))
moments = livecca.Moments(60)
def work():
    while True:
        moments.update(x)
        moments.covariance_x
""",
    "monitor": """
monitor = livecca.Monitor(folder + "/run", on_event=lambda event: None,
    train_schedule=livecca.Schedule.when(lambda progress: True))
tap = monitor.watch("net", "layer")
def work():
    try:
        while True:
            monitor.log("loss", 1)
            with monitor.begin_if_due("train", 0) as step:
                step.observe(tap, np.random.default_rng(1).normal(size=(500, 4)))
                step.report_unwatchable("net/other", "expected a test, got one")
            monitor.snapshot(0, "train")
    except livecca.Error:
        pass
""",
    "callback": """
def on_event(event):
    while True: time.sleep(0.001)
monitor = livecca.Monitor(folder + "/run", on_event=on_event)
with monitor.begin("train", 0) as step:
    step.report_unwatchable("net/other", "expected a test, got one")
monitor._end.detach()  # as if the process ended without atexit
def work():
    while True: livecca.read_run(folder + "/run")
""",
    "program": """
import io
from livecca import _program
sys.stdout = io.StringIO()
np.save(folder + "/x.npy", np.random.default_rng(1).normal(size=(500, 20)))
def work():
    while True: _program.run(["compare", folder + "/x.npy", folder + "/x.npy"])
""",
}


@pytest.mark.parametrize("what", DAEMONS)
def test_daemon_threads_end_with_the_process(tmp_path: Path, what: str) -> None:
    end = """
for _ in range(2): threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
"""
    for i in range(3):
        (tmp_path / str(i)).mkdir()
        ended(DAEMONS[what] + end, tmp_path / str(i))
