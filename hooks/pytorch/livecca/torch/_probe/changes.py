"""Whether the watched network changes at all while training goes on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from livecca._reports.snapshot import Snapshot
from livecca._reports.verdicts import Verdicts
from livecca._rows import LayerRow, Row, VerdictRow, rows_of

_KINDS = re.compile(r'"kind":"(layer|verdict)"')
_Facts = tuple[float, float]  # root mean square and effective rank


class Changes:
    """Compares the health of layers at snapshots, between which steps were counted.

    Distances would not do: where the samples are few, or a layer only mixes its inputs, those of
    correlations are 0 though the weights changed.

    Parameters
    ----------
    network
        The name of the trained network.
    """

    def __init__(self, network: str) -> None:
        self._network = network
        self._steps = 0
        self._first: _Health | None = None
        self._before: _Health | None = None  # the last one of fewer steps
        self._last: _Health | None = None

    def count_step(self) -> None:
        """A training step was made."""
        self._steps += 1

    def add(self) -> Unchanged:
        """A snapshot will be made of a pass over the probe; :meth:`Unchanged.solved_by` has it."""
        now = _Health(self._network, self._steps)
        if self._first is None:
            self._first = now
        elif self._first.is_ready:
            self._first.layers()  # so that it holds no other rows for the whole run
        if self._last is not None and self._last.steps < now.steps:
            self._before = self._last
        self._last = now
        return Unchanged(self._before, now)

    def alarms_at_the_end(self) -> list[str]:
        """A line for each alarm of the last snapshot, after the run is finished."""
        if self._last is None or not self._last.is_ready:
            return []
        self._last.layers()
        return Verdicts(self._last.alarms).alarm_lines(" at the last snapshot")

    def remark_at_the_end(self) -> str:
        """What to say of all snapshots of a run that is finished. Empty if the network changed."""
        made = (self._first, self._before, self._last)
        if not all(one is None or one.is_ready for one in made):
            return ""  # as in a child of fork(), where nobody solves them
        return (
            Unchanged(self._first, self._last).remark()
            or Unchanged(self._before, self._last, " at the end").remark()
        )


class Unchanged:
    """Whether a snapshot shows what one of fewer steps did."""

    def __init__(self, before: _Health | None, now: _Health | None, when: str = "") -> None:
        self._before = before
        self._now = now
        self._when = when

    def solved_by(self, report: Snapshot) -> None:
        """This is the snapshot. It need not be solved yet."""
        if self._now is not None:
            self._now.wait_for(report._ticket)

    def learn(self, rows: Sequence[Row]) -> None:
        """These are the snapshot's rows."""
        if self._now is not None:
            self._now.learn(rows)

    def remark(self) -> str:
        """What to say; waits until both are solved. Empty if the network changed."""
        before, now = self._before, self._now
        if before is None or now is None or before.steps >= now.steps:
            return ""
        if not _are_same(before.layers(), now.layers()):
            return ""
        steps = now.steps - before.steps
        count = "1 step" if steps == 1 else f"{steps:,} steps"
        return (
            f"the watched network did not change over {count}{self._when}; is this the model that "
            "is trained?"
        )


class _Health:
    """What the probe showed of each layer at a snapshot, after so many steps."""

    def __init__(self, network: str, steps: int) -> None:
        self.steps = steps
        self._ticket: Any = None  # None: nothing to wait for
        self._network = network
        self._layers: dict[str, _Facts] = {}
        self.alarms: list[VerdictRow] = []  # known when layers() has returned

    def wait_for(self, ticket: Any) -> None:
        """The rows come from here, unless they are known already."""
        if not self._layers:
            self._ticket = ticket

    @property
    def is_ready(self) -> bool:
        """Whether layers() would not wait."""
        ticket = self._ticket
        return ticket is None or bool(ticket.ready())

    def layers(self) -> dict[str, _Facts]:
        """By layer; waits until the snapshot is solved."""
        ticket = self._ticket  # a callback's thread may ask at the same time
        if ticket is not None:
            self.learn(rows_of(line for line in ticket.wait() if _KINDS.search(line)))
        return self._layers

    def learn(self, rows: Sequence[Row]) -> None:
        """Takes what it needs of the rows."""
        self.alarms = Verdicts(rows).alarms
        self._layers = {
            row.layer: (_number(row.root_mean_square), _number(row.effective_rank))
            for row in rows
            if isinstance(row, LayerRow) and self._is_watched(row)
        }
        self._ticket = None

    def _is_watched(self, row: LayerRow) -> bool:
        return row.stream == "probe" and row.network == self._network and row.samples > 0


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _are_same(before: dict[str, _Facts], now: dict[str, _Facts]) -> bool:
    """Whether all layers that both have are the same but for rounding."""
    shared = before.keys() & now.keys()
    pairs = [pair for x in shared for pair in zip(before[x], now[x], strict=True)]
    return bool(pairs) and all(math.isclose(x, y, rel_tol=1e-9) for x, y in pairs)
