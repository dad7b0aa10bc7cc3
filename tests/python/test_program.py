"""The program's commands, as a process of their own: what they print where, and their status."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest

import livecca


def livecca_program(
    *arguments: object, cwd: Path, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "livecca", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Arrays a, b and c, and a run."""
    folder = tmp_path_factory.mktemp("program")
    random = np.random.default_rng(5)
    a = random.normal(size=(300, 6))
    np.save(folder / "a.npy", a)
    np.save(folder / "b.npy", a @ random.normal(size=(6, 4)))
    np.save(folder / "c.npy", a[:100])
    with livecca.Monitor(folder / "run", synchronous=True) as monitor:
        tap = monitor.watch("net", "layer")
        for epoch in range(3):
            with monitor.begin("probe", epoch) as step:
                step.set_inputs(a)
                step.observe(tap, np.tanh(a + epoch * a[:, ::-1]))
            monitor.snapshot(epoch)
    return folder


def test_compare_prints_the_result(folder: Path) -> None:
    done = livecca_program("compare", "a.npy", "b.npy", "--format", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    # b is a linear map of a: its four directions are among those of a.
    assert json.loads(done.stdout)["canonical_correlations"] == pytest.approx([1, 1, 1, 1])


def test_show_and_replay_print_the_runs_layers(folder: Path) -> None:
    for command in (["show"], ["replay", "--measures", "procrustes"]):
        done = livecca_program(command[0], "run", *command[1:], cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert "layer" in done.stdout


def test_export_writes_every_row(folder: Path) -> None:
    done = livecca_program("export", "run", "--kind", "measure", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    values = [float(row["value"]) for row in csv.DictReader(io.StringIO(done.stdout))]
    rows = livecca.read_run(folder / "run").of(livecca.MeasureRow)
    assert values == pytest.approx([row.value for row in rows])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("compare a.npy missing.npy", "missing.npy"),
        ("compare a.npy c.npy", "as many samples"),
        ("compare a.npy b.npy --measures cca", "--measures"),
        ("compare a.npy", "INPUT"),
        ("show nowhere", "nowhere"),
        ("show run --layer nothing", "nothing"),
        ("show run --width 3", "--width"),
        ("replay nowhere", "nowhere"),
        ("replay run --reference other=missing.safetensors", "missing.safetensors"),
        ("export nowhere --kind event", "nowhere"),
        ("export run --kind nonsense", "--kind"),
        ("solve missing.safetensors", "missing.safetensors"),
        ("merge both.safetensors missing.safetensors", "missing.safetensors"),
    ],
)
def test_a_failure_is_one_line_on_stderr(folder: Path, arguments: str, words: str) -> None:
    done = livecca_program(*arguments.split(), cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"livecca {arguments.split()[0]}: ") and words in line


def test_notes_are_lines_on_stderr(folder: Path) -> None:
    run = folder / "torn"
    run.mkdir(exist_ok=True)
    rows = (folder / "run" / "rows.jsonl").read_text()
    (run / "rows.jsonl").write_text(rows + "not a row\n")
    done = livecca_program("export", "torn", "--kind", "measure", cwd=folder)
    assert done.returncode == 0 and done.stdout
    [line] = done.stderr.splitlines()
    assert line.startswith("livecca export: ")


def test_layers_that_not_every_input_has_are_named(folder: Path) -> None:
    random = np.random.default_rng(6)
    inputs = random.normal(size=(90, 3))
    for name, layers in (("one", ("conv", "fc")), ("two", ("fc", "other"))):
        with livecca.Recorder(folder / f"{name}.safetensors") as recorder:
            recorder.set_inputs(inputs)
            for layer in layers:
                recorder.observe(layer, random.normal(size=(90, 3)))
            recorder.end_batch()
    done = livecca_program("compare", "one.safetensors", "two.safetensors", cwd=folder)
    assert done.returncode == 0
    assert "conv" in done.stdout + done.stderr and "other" in done.stdout + done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="SKIPPED: no /dev/full")
def test_a_result_that_cannot_be_written_is_a_failure(folder: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = livecca_program("compare", "a.npy", "b.npy", cwd=folder, stdout=full)
    finally:
        os.close(full)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("livecca compare: expected to write the result to stdout")


def test_a_followed_run_fits_the_terminal_and_scrolls(folder: Path) -> None:
    # A run that goes on: its process is this one.
    with livecca.Monitor(folder / "growing", synchronous=True) as monitor:
        taps = [monitor.watch("net", f"layer{place}") for place in range(40)]
        for epoch in range(3):
            with monitor.begin("probe", epoch) as step:
                a = np.random.default_rng(epoch).normal(size=(300, 2))
                step.set_inputs(a)
                for tap in taps:
                    step.observe(tap, np.tanh(a))
            monitor.snapshot(epoch)
        ours, its = pty.openpty()
        before = termios.tcgetattr(its)
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-m", "livecca", "show", "growing", "--follow"]
        program = subprocess.Popen(
            command, cwd=folder, stdin=its, stdout=its, stderr=its, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(its, termios.TIOCSCTTY, 0),
        )  # fmt: skip

        def until(wanted: str) -> str:
            text = ""
            while wanted not in text:
                assert select.select([ours], [], [], 60)[0], text
                text += os.read(ours, 65536).decode()
            return text

        try:
            first = until("lines 1 to 22 of ")
            screen = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", first.rsplit("\x1b[H", 1)[-1])
            assert all(len(line) <= 80 for line in screen.replace("\r", "").split("\n"))
            os.write(ours, b" ")
            until("lines 22 to 43 of ")
            os.write(ours, b"\x1b[A")
            until("lines 21 to 42 of ")
            os.write(ours, b"\x03")
            assert program.wait(60) == 0
        finally:
            program.kill()
        assert termios.tcgetattr(its) == before
        os.close(ours)
        os.close(its)
