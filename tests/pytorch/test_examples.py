"""The examples run, print what they found, and go on after a kill -9."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import livecca

EXAMPLES = Path(__file__).parents[2] / "examples" / "pytorch"
DATA = Path(__file__).parents[3] / "shared" / "data"
KILLS = 4
SEED = 20

# The children find the package where this process does, and each has one thread.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(
        [str(Path(livecca.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    ),
    "OMP_NUM_THREADS": "1",
}


def command(example: str, run_dir: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(EXAMPLES / example), "--run-dir", str(run_dir), *arguments]


def run(example: str, run_dir: Path, *arguments: str, says: str = "") -> str:
    """What it prints. Each line of its errors has `says`; if that is empty, there is none."""
    done = subprocess.run(
        command(example, run_dir, *arguments),
        env=ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert all(says and says in line for line in done.stderr.splitlines()), done.stderr
    return done.stdout


def check(output: str, run_dir: Path, layers: list[str]) -> None:
    assert "of each snapshot to the final state" in output
    rows = livecca.read_run(run_dir).of(livecca.MeasureRow)
    assert list(dict.fromkeys(row.layer for row in rows)) == layers
    assert {row.epoch for row in rows} == {0, 1, 2}
    assert {row.status for row in rows} <= {"ok", "rank_deficient"}
    assert all(row.value is not None for row in rows)
    events = {event.what for event in livecca.read_run(run_dir).of(livecca.EventRow)}
    assert events - {"repeated_images"} == {"finished"}  # headings of a text come again


FOUND = pytest.mark.skipif(not DATA.is_dir(), reason=f"there is no real data in {DATA}")
IMAGES = pytest.param(["--data", str(DATA / "cifar-10-batches-bin")], marks=FOUND, id="cifar10")
TEXT = pytest.param(["--data", str(DATA / "wikitext-2")], marks=FOUND, id="wikitext2")


@pytest.mark.parametrize("data", [pytest.param([], id="made"), IMAGES])
def test_cifar10(tmp_path: Path, data: list[str]) -> None:
    output = run("cifar10.py", tmp_path / "run", "--epochs", "2", *data)
    check(output, tmp_path / "run", ["conv1", "conv2", "fc1", "fc2"])


@pytest.mark.parametrize("data", [pytest.param([], id="made"), TEXT])
def test_text_encoder(tmp_path: Path, data: list[str]) -> None:
    output = run("text_encoder.py", tmp_path / "run", "--epochs", "2", *data)
    layers = ["words", "encoder.layers.0", "encoder.layers.1", "encoder.layers.2"]
    check(output, tmp_path / "run", layers)


@pytest.mark.parametrize("data", [pytest.param([], id="made"), TEXT])
def test_language_model(tmp_path: Path, data: list[str]) -> None:
    output = run("language_model.py", tmp_path / "run", "--epochs", "2", *data)
    check(output, tmp_path / "run", ["words", "lstm1", "lstm2"])
    rows = livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
    assert {row.reference for row in rows} == {"other", "start", "final"}


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("jax", "flax", "optax")),
    reason="jax, flax and optax are not all installed",
)
def test_jax_flax(tmp_path: Path) -> None:
    output = run("jax_flax.py", tmp_path / "run", "--epochs", "2")
    check(output, tmp_path / "run", ["hidden1", "hidden2", "out"])


def results(run_dir: Path) -> list[Any]:
    """All rows but those that tell of the process itself and of its time."""
    untimed = (livecca.MeasureRow, livecca.SpectrumRow, livecca.LayerRow, livecca.VerdictRow)
    return [row for row in livecca.read_run(run_dir) if isinstance(row, untimed)]


def test_a_training_that_is_killed_ends_with_the_same_rows(tmp_path: Path) -> None:
    arguments = ["--epochs", "8", "--images", "500", "--synchronous"]
    run("resume.py", tmp_path / "whole", *arguments)
    chance = random.Random(SEED)
    moments = []
    for _ in range(KILLS):
        child = subprocess.Popen(
            command("resume.py", tmp_path / "killed", *arguments),
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        # A line when it begins or goes on, then one for each epoch.
        lines = [child.stdout.readline() for _ in range(chance.choice([1, 2, 3]))]
        time.sleep(chance.uniform(0, 0.5))
        child.kill()
        lines += child.stdout.read().splitlines()
        child.stdout.close()
        moments.append((lines[0].strip(), len(lines) - 1, child.wait()))
    print(f"seed {SEED}; how each began, epochs until it was killed, exit status: {moments}")
    assert -9 in {status for *_, status in moments}
    run("resume.py", tmp_path / "killed", *arguments, says="without a checkpoint to go on from")
    expected, found = (results(tmp_path / name / "run") for name in ("whole", "killed"))
    assert len(expected) > 100
    assert found == expected
