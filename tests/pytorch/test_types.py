"""The types are complete: a strict type checker accepts the package and a program that uses it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.torch_version import TorchVersion

pytest.importorskip("mypy", reason="mypy is not installed")

PROGRAM = """
import numpy as np
import torch
from torch.torch_version import TorchVersion

import livecca
import livecca.torch

comparison = livecca.compare(np.zeros((8, 2)), torch.zeros(8, 3), measures=["pwcca"])
reveal_type(comparison)
model = torch.nn.Linear(2, 2)
with livecca.torch.Monitor(model, layers=["*"], probe=[torch.zeros(8, 2)], run_dir="r") as monitor:
    monitor.step()
    report = monitor.snapshot(0)
    reveal_type(report)
run = livecca.read_run("r")
reveal_type(run)
"""


def check(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            str(folder / "cache"),
            *arguments,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_strict_type_checker_accepts_the_package(tmp_path: Path) -> None:
    if sys.version_info < (3, 11) or TorchVersion(torch.__version__) < "2.6":
        reason = "types of older versions of PyTorch and NumPy are not complete"
        print(reason)
        pytest.skip(reason)
    check(["-p", "livecca"], tmp_path)


def test_a_strict_type_checker_accepts_a_program(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    printed = check(["program.py"], tmp_path)
    for revealed in ("_comparison.Comparison", "_reports.snapshot.Snapshot", "_run.Run"):
        assert f'Revealed type is "livecca.{revealed}"' in printed, printed
