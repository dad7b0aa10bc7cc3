"""The rows of a snapshot, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from livecca import _core
from livecca._reports import html
from livecca._reports.layers import LayerTable, layer_table
from livecca._reports.report import (
    UNRELATED,
    Report,
    answer_of,
    marked,
    remark_lines,
)
from livecca._reports.verdicts import Verdicts
from livecca._rows import LayerRow, MeasureRow, Row, line_of, rows_of


class Snapshot(Report):
    """A snapshot that is being solved. What needs its rows waits for them."""

    def __init__(self, ticket: Any, epoch: int) -> None:
        self.epoch = epoch
        self.advice = ""  # a line on the probe, if something should be done about it
        self._ticket = ticket
        self._rows: tuple[Row, ...] | None = None

    @property
    def ready(self) -> bool:
        """Whether it is solved, so that nothing has to wait."""
        return self._rows is not None or bool(self._ticket.ready())

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the snapshot; waits until it is solved."""
        if self._rows is None:
            self._rows = rows_of(self._ticket.wait())
            self._ticket = None
        return self._rows

    def find(self, layer: str, reference: str, measure: str) -> MeasureRow | None:
        """The probe's number of this layer, or the train stream's; waits.

        ``measure`` has its direction, such as ``"pwcca_distance"``.
        """
        key = (layer, reference, measure)
        found = [row for row in self.measures if (row.layer, row.reference, row.measure) == key]
        return min(found, key=lambda row: row.stream != "probe", default=None)

    def __str__(self) -> str:
        return _table_of(self)

    def __repr__(self) -> str:
        state = "solved" if self.ready else "being solved"
        return f"<livecca.Snapshot of epoch {self.epoch}, {state}>"

    def _repr_html_(self) -> str:
        if not self.measures:
            return html.paragraphs([_without_numbers(self), *_notes(self)])
        layers = layer_table(self.rows)
        lines = [tuple(map(escape, line)) for line in layers.lines]
        table = html.table(layers.heads, lines, *layers.notes, *_notes(self))
        return html.paragraphs(_heading(self, layers)) + table + _all_numbers(self)


@dataclass(frozen=True)
class _Line:
    """A number as text and HTML show it."""

    row: MeasureRow
    reference: str
    value: str
    floor: str
    note: str


def _lines_of(snapshot: Snapshot) -> list[_Line]:
    """The numbers of the run's first measure, by reference; then those of the others."""
    measures = snapshot.measures
    verdicts = Verdicts(snapshot.rows)
    references = list(dict.fromkeys(row.reference for row in measures))
    names = list(dict.fromkeys(row.measure for row in measures))
    lines = []
    for row in sorted(
        measures, key=lambda row: (names.index(row.measure), references.index(row.reference))
    ):
        # A verdict is of the first measure.
        verdict = verdicts.word_of(row) if row.measure == names[0] else ""
        lines.append(
            _Line(
                row,
                _reference_of(row, snapshot.epoch),
                marked(_number(answer_of(row)), row),
                _number(None if answer_of(row) is None else row.noise_floor),
                verdict
                if row.status == "ok"
                else f"{verdict} ({_core.note(line_of(row))})".strip(),
            )
        )
    return lines


def _all_numbers(snapshot: Snapshot) -> str:
    """Of all measures, with bars: what the table of layers has no room for."""
    rows = []
    lines = _lines_of(snapshot)
    for line in lines:
        row = line.row
        is_distance = row.measure.endswith("_distance")
        chart = html.bar(answer_of(row), row.noise_floor, is_distance=is_distance)
        cells = (row.layer, line.reference, row.measure, line.value, line.floor)
        rows.append((*map(escape, cells), chart, escape(line.note)))
    heads = ("layer", "reference", "measure", "value", "noise floor", "0 … 1", "verdict")
    grey = "grey: where unrelated data of this size would be"
    return html.details("all numbers", html.table(heads, rows, grey, *_mark_notes(lines)))


def _heading(snapshot: Snapshot, layers: LayerTable) -> list[str]:
    text = f"epoch {snapshot.epoch}, {snapshot.measures[0].measure}"
    return [text, *([layers.summary] if layers.summary else [])]


def _table_of(snapshot: Snapshot) -> str:
    """A line a layer, with the run's first measure."""
    if not snapshot.measures:
        return "\n".join([_without_numbers(snapshot), *_notes(snapshot)]) + "\n"
    layers = layer_table(snapshot.rows)
    table = layers.text.removesuffix("\n")
    notes = [*layers.notes, *_notes(snapshot)]
    below = ["", *notes] if notes else []
    return "\n".join([*_heading(snapshot, layers), "", table, *below]) + "\n"


def _mark_notes(lines: list[_Line]) -> list[str]:
    """What the mark behind a number means, if there is one."""
    return [UNRELATED] if any(line.value.endswith("~") for line in lines) else []


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _notes(snapshot: Snapshot) -> list[str]:
    """A line for each event and remark, and one on the probe."""
    advice = [f"! {snapshot.advice}"] if snapshot.advice else []
    return [*remark_lines(snapshot), *advice]


def _without_numbers(snapshot: Snapshot) -> str:
    """Says that there are none: the first snapshot of a run has nothing to be compared with."""
    heard = {row.layer for row in snapshot.of(LayerRow) if row.samples > 0}
    if not heard:
        return f"epoch {snapshot.epoch}: no numbers"
    layers = "1 layer" if len(heard) == 1 else f"{len(heard)} layers"
    return f"epoch {snapshot.epoch}: {layers} heard, nothing to compare with so far"


def _reference_of(row: MeasureRow, epoch: int) -> str:
    """The reference, with what tells the row from others of the same layer and reference."""
    where = [] if row.reference_layer in ("", row.layer) else [row.reference_layer]
    where += [] if row.stream == "probe" else [row.stream]
    where += [] if row.epoch == epoch else [f"epoch {row.epoch}"]
    return ", ".join([row.reference, *where])
