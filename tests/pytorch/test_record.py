"""What record() writes: the mode that the network ran in."""

from __future__ import annotations

from pathlib import Path

import torch

import livecca
import watched
from livecca.torch import Monitor, record


def test_the_mode_that_a_network_really_ran_in_is_kept(tmp_path: Path) -> None:
    class Trains(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.relu.train()
            return super().forward(x)

    x, _ = watched.data(rows=40)
    modes = {}
    for network in (watched.Net(), Trains()):
        network.train()
        name = type(network).__name__
        pack = tmp_path / f"{name}.safetensors"
        assert record(network, x.split(20), pack, "fc1") == ()
        assert network.training
        with Monitor(
            watched.Net(), "fc1", probe=x.split(20), run_dir=tmp_path / name,
            references={"other": pack}, synchronous=True,
        ) as monitor:  # fmt: skip
            monitor.snapshot()
        rows = livecca.read_run(tmp_path / name).of(livecca.MeasureRow)
        modes[name] = {row.modes for row in rows if row.reference == "other"}
    assert modes == {"Net": {("eval", "eval")}, "Trains": {("eval", "train")}}
