"""What the callbacks of all trainers share: they make a monitor late, and let it go in any case."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from torch import nn

from livecca._errors import Error
from livecca._reports.final import FinalReport
from livecca._reports.snapshot import Snapshot
from livecca._warnings import log
from livecca.torch._monitor import Monitor


class Watcher:
    """A monitor of a trainer's network: made when training begins, closed when it ends.

    Parameters
    ----------
    layers, options
        As of :class:`livecca.torch.Monitor`.

    Attributes
    ----------
    monitor
        The monitor while training runs on this process; else None.
    report
        The latest snapshot; after training, the distances to the final state.
    """

    def __init__(self, layers: Any, options: Mapping[str, Any]) -> None:
        self._layers = layers
        self._options = dict(options)
        self.monitor: Monitor | None = None
        self.report: Snapshot | FinalReport | None = None

    @property
    def run_dir(self) -> str:
        """As it was given."""
        return str(os.fspath(self._options.get("run_dir", "")))

    def begin(self, model: nn.Module, **more: Any) -> Monitor:
        """Make the monitor. `more` replaces options."""
        self.close()  # of a training that failed, whose trainer did not say so
        options = {**self._options, **more}
        if "run_dir" not in options:
            raise Error("run_dir: expected the folder of the run, got none; give run_dir='runs/a'")
        self.monitor = Monitor(model, self._layers, **options)
        return self.monitor

    def step(self, epoch: int) -> None:
        if self.monitor is not None:
            self.monitor.step(epoch)

    def snapshot(self, epoch: int) -> Snapshot | None:
        if self.monitor is not None:
            self.report = report = self.monitor.snapshot(epoch)
            return report
        return None

    def finish(self) -> None:
        """End the run, if there is one."""
        monitor, self.monitor = self.monitor, None
        if monitor is not None:
            self.report = monitor.finish()

    def close(self) -> None:
        """End the run after a failure. Never raises, so that the failure itself is seen."""
        monitor, self.monitor = self.monitor, None
        if monitor is None:
            return
        try:
            monitor.close()
        except Exception as reason:
            log.warning("livecca: the run was not ended: %s", reason)


class Watching:
    """What the callbacks of all trainers show of their watcher."""

    _watcher: Watcher

    @property
    def monitor(self) -> Monitor | None:
        """The monitor while training runs in this process, else None."""
        return self._watcher.monitor

    @property
    def report(self) -> Snapshot | FinalReport | None:
        """The latest snapshot; after training, the distances to the final state."""
        return self._watcher.report


def headline(report: Snapshot) -> dict[str, float]:
    """The probe's numbers of the run's first measure, by ``measure/reference/layer``; waits."""
    rows = [row for row in report.measures if row.stream == "probe"]
    found: dict[str, float] = {}
    for row in rows:
        if row.measure != rows[0].measure or row.value is None:
            continue
        layer = row.layer
        if row.reference_layer not in ("", row.layer):
            layer = f"{row.layer}-{row.reference_layer}"
        found[f"{row.measure}/{row.reference}/{layer}"] = row.value
    return found
