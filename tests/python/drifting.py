"""A made-up network whose layers drift, for the tests of the monitor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import livecca

Array = NDArray[Any]


class Layers:
    """Two layers of a made-up network that drifts from epoch to epoch."""

    def __init__(self, seed: int = 3) -> None:
        random = np.random.default_rng(seed)
        self.inputs = random.normal(size=(240, 10)).astype(np.float32)
        self.first = random.normal(size=(10, 12)).astype(np.float32)
        self.change = random.normal(size=(10, 12)).astype(np.float32)

    def run(self, inputs: Array, epoch: int) -> dict[str, Array]:
        # In float64 first: in float32, products of a part of the inputs may differ in last bits.
        weights = (self.first + 0.1 * epoch * self.change).astype(np.float64)
        hidden = np.tanh(inputs @ weights).astype(np.float32)
        return {"hidden": hidden, "out": hidden[:, :4] ** 2}


def probe_pass(monitor: livecca.Monitor, layers: Layers, epoch: int) -> None:
    taps = {name: monitor.watch(monitor.network, name) for name in ("hidden", "out")}
    for first in range(0, 240, 80):
        batch = layers.inputs[first : first + 80]
        with monitor.begin("probe", epoch) as step:
            step.set_inputs(batch)
            for name, array in layers.run(batch, epoch).items():
                step.observe(taps[name], array)
