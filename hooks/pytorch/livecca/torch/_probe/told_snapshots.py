"""The user's on_snapshot: its snapshots say what those do that snapshot() returns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livecca import _checks
from livecca._reports.report import Remarks
from livecca._reports.snapshot import Snapshot
from livecca._rows import LayerRow
from livecca.torch._probe.changes import Unchanged

_MOST_WAITING = 256  # of the core's calls; older ones are dropped there, too


@dataclass(frozen=True)
class Expected:
    """What a hook says of a snapshot that is about to be made."""

    remarks: Remarks
    advice: str
    unchanged: Unchanged | None  # None after a pass that failed

    def made(self, snapshot: Snapshot) -> None:
        """This is the snapshot, which need not be solved yet. It prints what is said of it."""
        self._add_to(snapshot)
        if self.unchanged is not None:
            self.unchanged.solved_by(snapshot)

    def told(self, snapshot: Snapshot) -> None:
        """These are its rows, perhaps before made() is called."""
        self._add_to(snapshot)
        if self.unchanged is not None:
            self.unchanged.learn(snapshot.rows)

    def _add_to(self, snapshot: Snapshot) -> None:
        snapshot.advice = self.advice
        snapshot._remarks = self.remarks


class ToldSnapshots:
    """What a monitor calls with its solved snapshots, from its own thread or within snapshot().

    Parameters
    ----------
    on_snapshot
        The user's own function; None if there is none.
    """

    def __init__(self, on_snapshot: Any) -> None:
        see = None if on_snapshot is None else _checks.function("on_snapshot", on_snapshot)
        self._see: Callable[[Snapshot], Any] | None = see
        self._expected: OrderedDict[int, Expected] = OrderedDict()  # by epoch
        self._lock = threading.Lock()

    @property
    def function(self) -> Callable[[Snapshot], None] | None:
        """What the monitor is to call; None if the user wants no calls."""
        return None if self._see is None else self._call

    def expect(self, epoch: int, expected: Expected) -> None:
        """A snapshot will be made at this epoch, after a pass over the probe."""
        if self._see is None:
            return
        with self._lock:
            self._expected[epoch] = expected
            self._expected.move_to_end(epoch)
            while len(self._expected) > _MOST_WAITING:
                self._expected.popitem(last=False)

    def _call(self, snapshot: Snapshot) -> None:
        with self._lock:
            expected = self._expected.get(snapshot.epoch)
        if expected is not None and _is_of_the_probe(snapshot, expected):
            expected.told(snapshot)
        if self._see is not None:
            self._see(snapshot)


def _is_of_the_probe(snapshot: Snapshot, expected: Expected) -> bool:
    """The train stream may be solved by itself in the same epoch."""
    has_probe = any(row.stream == "probe" for row in snapshot.of(LayerRow))
    return has_probe or expected.unchanged is None
