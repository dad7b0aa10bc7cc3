"""What a snapshot's verdicts cost, as multiples of what one more recorded reference costs.

Monitors that differ in this alone take the same snapshots in turns, in one process. What is
compared are the solver's own seconds, from the rows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import livecca

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))
from measuring import in_words  # noqa: E402

SNAPSHOTS = 8
FIRST_WITH_ALL_LAGS = 4  # the first four lack a snapshot to compare with


class Layers:
    """Made activations of some layers that drift from epoch to epoch."""

    def __init__(self, images: int, widths: list[int], extent: int) -> None:
        self.chance = np.random.default_rng(1)
        self.layout = "nc" if extent == 1 else "nchw"
        grid = () if extent == 1 else (extent, extent)
        self.shapes = [(images, width, *grid) for width in widths]
        self.start = [self.noise(shape) for shape in self.shapes]

    def noise(self, shape: tuple[int, ...]) -> np.ndarray:
        return self.chance.standard_normal(shape, dtype=np.float32)

    def at(self, epoch: int) -> list[np.ndarray]:
        share = np.float32(1 / (1 + epoch))
        return [share * start + (1 - share) * self.noise(start.shape) for start in self.start]


class Watching:
    """A monitor of these layers, with so many references besides the start."""

    def __init__(self, folder: Path, layers: Layers, references: int, verdicts: bool) -> None:
        options: dict[str, Any] = {"verdict_own_motion": verdicts, "synchronous": True}
        self.monitor = livecca.Monitor(folder / "run", measures=["pwcca"], **options)
        names = [f"layer{i}" for i in range(len(layers.shapes))]
        self.taps = [self.monitor.watch("net", name, layers.layout) for name in names]
        for i in range(references):
            pack = folder / f"reference{i}.safetensors"
            with livecca.Recorder(pack, monitor=self.monitor, network=f"reference{i}") as recorder:
                inputs = np.arange(len(layers.start[0]))
                recorder.set_inputs(inputs)
                for name, array in zip(names, layers.at(3), strict=True):
                    recorder.observe(name, array, layout=layers.layout)
                recorder.end_batch()
            self.monitor.add_reference(f"reference{i}", pack)

    def snapshot(self, epoch: int, arrays: list[np.ndarray]) -> None:
        step = self.monitor.begin("probe", epoch)
        step.set_inputs(np.arange(len(arrays[0])))
        for tap, array in zip(self.taps, arrays, strict=True):
            step.observe(tap, array)
        step.commit()
        assert self.monitor.snapshot(epoch).rows  # which waits until it is solved

    def seconds(self) -> np.ndarray:
        self.monitor.finish()
        rows = livecca.read_run(self.monitor.run_dir, spectra=False).rows
        costs = [row.solve_seconds for row in rows if isinstance(row, livecca.OverheadRow)]
        return np.array(costs[:SNAPSHOTS])


def measure(name: str, images: int, widths: list[int], extent: int, rounds: int) -> None:
    ratios = []
    costs = []
    for _ in range(rounds):
        layers = Layers(images, widths, extent)
        with tempfile.TemporaryDirectory() as folder:
            plain, referring, judging = (
                Watching(Path(folder) / label, layers, references, verdicts)
                for label, references, verdicts in (
                    ("plain", 0, False),
                    ("referring", 1, False),
                    ("judging", 0, True),
                )
            )
            for epoch in range(SNAPSHOTS):
                arrays = layers.at(epoch)
                for watching in (plain, referring, judging):
                    watching.snapshot(epoch, arrays)
            taken = [
                float(np.median(watching.seconds()[FIRST_WITH_ALL_LAGS:]))
                for watching in (plain, referring, judging)
            ]
        ratios.append((taken[2] - taken[0]) / (taken[1] - taken[0]))
        costs.append(taken)
    middle = 1e3 * np.median(costs, axis=0)
    print(
        f"{name}: verdicts cost {in_words(ratios)} times as much as a reference; a snapshot takes "
        f"{middle[0]:.3g} ms, {middle[1]:.3g} ms with one more reference, {middle[2]:.3g} ms with "
        "verdicts"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    measure("4 dense layers of 64", 1_000, [64] * 4, 1, rounds)
    measure("4 dense layers of 256", 2_560, [256] * 4, 1, rounds)
    measure("2 dense layers of 512", 5_120, [512] * 2, 1, rounds)
    measure("2 convolutions of 32, 2 of 64", 1_000, [32, 32, 64, 64], 8, rounds)
    measure("2 convolutions of 256", 1_000, [256] * 2, 4, rounds)


if __name__ == "__main__":
    main()
