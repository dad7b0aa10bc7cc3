"""The rows of a snapshot, and how they are shown."""

from __future__ import annotations

from html import escape
from typing import Any

from livecca._reports import html
from livecca._reports.report import Report, answer_of, no_answer, remark_lines, status_text
from livecca._rows import LayerRow, MeasureRow, Row, VerdictRow, rows_of


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
        rows = [
            (
                escape(row.layer),
                escape(row.reference),
                row.measure,
                _number(answer_of(row)).strip(),
                html.bar(answer_of(row), None),
                escape(_status_of(row)),
            )
            for row in self.measures
        ]
        heads = ("layer", "reference", "measure", "value", "0 … 1", "status")
        return html.table(heads, rows, f"epoch {self.epoch}", *_notes(self))


def _table_of(snapshot: Snapshot) -> str:
    """A line a layer and reference, with the run's first measure."""
    measures = snapshot.measures
    if not measures:
        return "\n".join([_without_numbers(snapshot), *_notes(snapshot)]) + "\n"
    title = f"epoch {snapshot.epoch}"
    first = measures[0].measure
    verdicts = {
        (row.stream, row.layer, row.reference): row.verdict
        for row in snapshot.rows
        if isinstance(row, VerdictRow) and row.reference
    }
    order = list(dict.fromkeys(row.reference for row in measures))
    shown = [row for row in measures if row.measure == first]
    shown.sort(key=lambda row: order.index(row.reference))
    references = [_reference_of(row, snapshot.epoch) for row in shown]
    width = max(5, *(len(row.layer) for row in shown))
    wide = max(9, *(len(reference) for reference in references))
    lines = [f"{title}, {first}", ""]
    lines.append(f"{'layer':<{width}}  {'reference':<{wide}}  value   noise floor  verdict")
    for row, reference in zip(shown, references, strict=True):
        value = _number(answer_of(row))
        floor = _number(None if answer_of(row) is None else row.noise_floor)
        verdict = verdicts.get((row.stream, row.layer, row.reference), "")
        note = verdict if row.status == "ok" else f"{verdict} ({_status_of(row)})".strip()
        line = f"{row.layer:<{width}}  {reference:<{wide}}  {value}  {floor:<11}  {note}"
        lines.append(line.rstrip())
    return "\n".join([*lines, *_notes(snapshot)]) + "\n"


def _number(value: float | None) -> str:
    return "–     " if value is None else f"{value:.4f}"


def _status_of(row: MeasureRow) -> str:
    """The status; of a number that says nothing, why."""
    why = no_answer(row)
    return status_text(row) if row.value is None or not why else f"no answer: {why}"


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
