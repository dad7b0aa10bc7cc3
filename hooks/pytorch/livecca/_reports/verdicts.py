"""Verdict rows: how a layer develops, and alarms."""

from __future__ import annotations

from collections.abc import Iterable

from livecca._reports.words import some
from livecca._rows import DirectionRow, MeasureRow, Row, VerdictRow

# How a layer develops. All other words are alarms.
_DEVELOPMENTS = frozenset({"moving", "wandering", "settled", "undecided"})


class Verdicts:
    """The verdict rows of a report, to be shown beside its numbers or below them.

    Parameters
    ----------
    rows
        Of the report, of any kind.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        verdicts = [row for row in rows if isinstance(row, VerdictRow)]
        self._directions = {
            (row.stream, row.layer, row.reference, row.reference_layer): row.direction
            for row in rows
            if isinstance(row, DirectionRow)
        }
        self.alarms = [row for row in verdicts if row.verdict not in _DEVELOPMENTS]
        self._verdicts = {
            row.layer: _since(row)
            for row in verdicts
            if row.verdict in _DEVELOPMENTS and not row.reference
        }
        self._words = {
            (row.stream, row.layer, row.reference): row.verdict
            for row in verdicts
            if row.verdict in _DEVELOPMENTS
        }

    def word_of(self, row: MeasureRow) -> str:
        """What the layer does, and with regard to this reference; empty if nothing is said."""
        older = self._words.get((row.stream, row.layer, row.reference), "")
        word = self._words.get((row.stream, row.layer, ""), older)
        key = (row.stream, row.layer, row.reference, row.reference_layer)
        direction = self._directions.get(key, "")
        told = direction if direction in ("nearing", "leaving") else ""
        return ", ".join(filter(None, (word, told)))

    def verdict_of(self, layer: str) -> str:
        """What a layer of the probe does, and since when; empty if nothing is said."""
        return self._verdicts.get(layer, "")

    def alarm_lines(self, when: str = "") -> list[str]:
        """A line for alarms that say the same: which layers, what it is, and why."""
        subjects: dict[str, list[str]] = {}
        for row in self.alarms:
            subjects.setdefault(f"{row.verdict}{when}: {row.message}", []).append(_subject(row))
        return [f"{some(layers)}, {words}" for words, layers in subjects.items()]


def _since(row: VerdictRow) -> str:
    return row.verdict if row.since_epoch is None else f"{row.verdict} since {row.since_epoch}"


def _subject(row: VerdictRow) -> str:
    return row.layer if row.stream == "probe" else f"{row.layer} ({row.stream})"
