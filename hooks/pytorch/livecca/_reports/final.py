"""How a run ended: how far each snapshot was from the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from livecca import _core
from livecca._errors import Error
from livecca._nearest import nearest
from livecca._reports import html
from livecca._reports.layers import WIDTH, table_names, verdict_record
from livecca._reports.report import (
    NO_NUMBERS,
    UNRELATED,
    Remarks,
    Report,
    answer_of,
    marked,
    no_answer,
    rank_of,
    remark_lines,
)
from livecca._reports.verdicts import Verdicts
from livecca._reports.words import one_line
from livecca._rows import MeasureRow, Row, line_of

_COLUMNS = 8
_NEAR = 0.05

_Time = tuple[int, int]  # step and epoch


class FinalReport(Report):
    """How far each snapshot of a run was from its last one: what ``Monitor.finish()`` returns.

    It prints as a table, with a line for each layer and a column for each snapshot, of the run's
    first measure. A layer that is near 0 early has converged early. The last columns are what
    unrelated data of this size would have, and the layer's latest verdict. Of more than 8
    snapshots, 8 are shown, or as many as 100 columns have room for.
    """

    def __init__(self, rows: Sequence[Row], last: Sequence[Row] = ()) -> None:
        self._rows = tuple(rows)
        self._verdicts = Verdicts(last)  # of the last snapshot

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the end of the run."""
        return self._rows

    def curve(self, layer: str, measure: str | None = None) -> tuple[MeasureRow, ...]:
        """A layer's numbers, by snapshot from the first to the last one.

        Parameters
        ----------
        layer
            Its name.
        measure
            With its direction, such as ``"pwcca_distance"``; by default the run's first.

        Returns
        -------
        tuple of MeasureRow
            Empty if no layer has a distance to the final state.

        Raises
        ------
        Error
            If others have numbers and this layer has none, or none of this measure.
        """
        rows = [row for row in self.measures if row.reference == "final"]
        if not rows:
            return ()
        wanted = rows[0].measure if measure is None else measure
        for what, name, names in (
            ("layer", layer, [row.layer for row in rows]),
            ("measure", wanted, [row.measure for row in rows]),
        ):
            if name not in names:
                why = self._remarks.why_left_out(name) if what == "layer" else ""
                hint = why or nearest(name, dict.fromkeys(names))
                raise Error(f"curve: expected a {what} with numbers, got {name!r}; {hint}")
        found = [row for row in rows if (row.layer, row.measure) == (layer, wanted)]
        return tuple(sorted(found, key=lambda row: (row.step, row.epoch)))

    def __str__(self) -> str:
        table = _table_of(self.measures, self._remarks, self._verdicts)
        if table is None:
            return "\n".join([self._without_numbers(), *remark_lines(self)]) + "\n"
        names = table_names([line[0] for line in table.lines])
        width = max(len("layer"), *map(len, names))
        wide = _width_of(table.heads[1:-2])
        lines = [table.title, ""]
        for name, (_, *cells, unrelated, verdict) in zip(
            ("layer", *names), (table.heads, *table.lines), strict=True
        ):
            shown = "".join(f"{cell:>{wide}}" for cell in cells)
            lines.append(f"{name:<{width}}{shown}{unrelated:>11}  {verdict}".rstrip())
        lines += ["", *table.notes, *verdict_record(self._rows), *remark_lines(self)]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        layers = {row.layer for row in self.measures}
        snapshots = {(row.step, row.epoch) for row in self.measures}
        return f"<livecca.FinalReport of {len(layers)} layers at {len(snapshots)} snapshots>"

    def _repr_html_(self) -> str:
        table = _table_of(self.measures, self._remarks, self._verdicts)
        notes = [*verdict_record(self._rows), *remark_lines(self)]
        if table is None:
            return html.paragraphs([self._without_numbers(), *notes])
        rows = [
            (*map(escape, line), html.curve(values))
            for line, values in zip(table.lines, table.curves, strict=True)
        ]
        return html.table((*table.heads, "0 … 1"), rows, table.title, *table.notes, *notes)

    def _without_numbers(self) -> str:
        why = self._remarks.why_no_numbers() or "it needs two snapshots and the history"
        if any(event.subject.startswith("final/") for event in self.events):
            why = "the last snapshot cannot be compared with those before it"
        return f"no distances to the final state: {one_line(why)}"


@dataclass(frozen=True)
class _Table:
    """What is shown of a report: cells of text, notes below."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    curves: tuple[tuple[float | None, ...], ...]  # of each line, at all snapshots
    notes: tuple[str, ...]


def _table_of(
    measures: Sequence[MeasureRow], remarks: Remarks, verdicts: Verdicts
) -> _Table | None:
    """The table of the first measure's distances to the final state. None if there is no number."""
    rows = [row for row in measures if row.reference == "final"]
    if not rows:
        return None
    first = rows[0].measure
    curves = _Curves([row for row in rows if row.measure == first])
    told = [verdicts.verdict_of(layer) for layer in curves.layers]
    shown = _shown(curves, told)
    lines = []
    for layer, verdict in zip(curves.layers, told, strict=True):
        values = [curves.at(layer, time) for time in shown]
        floor = next((row.noise_floor for row in values if row and row.noise_floor), None)
        numbers = [marked(_number(answer_of(row)), row) for row in values]
        lines.append((layer, *numbers, _number(floor), verdict))
    near = _near_notes(curves) if first.endswith("_distance") else []
    columns = _column_notes(curves, len(shown))
    return _Table(
        title=f"{first} of each snapshot to the final state, by {curves.unit}",
        heads=("layer", *map(curves.name_of, shown), "unrelated", "verdict" if any(told) else ""),
        lines=tuple(lines),
        curves=tuple(
            tuple(answer_of(curves.at(layer, time)) for time in curves.times)
            for layer in curves.layers
        ),
        notes=(
            *columns,
            *_mark_notes(lines),
            *near,
            *_silent_notes(curves, remarks),
            *_unlike_notes(curves),
            *_status_notes(curves.rows),
        ),
    )


class _Curves:
    """The rows of one measure, by layer and snapshot."""

    def __init__(self, rows: Sequence[MeasureRow]) -> None:
        self.rows = rows
        self.times: list[_Time] = sorted({(row.step, row.epoch) for row in rows})
        in_time = sorted(rows, key=lambda row: (row.step, row.epoch))
        self.layers, self.begun_anew = _core.trends([line_of(row) for row in in_time])
        self._of = {(row.layer, row.step, row.epoch): row for row in rows}
        steps, epochs = ({time[i] for time in self.times} for i in range(2))
        count = len(self.times)
        named = {"epoch": len(epochs), "step": len(steps)}
        self.unit = next((unit for unit in named if named[unit] == count), "step/epoch")

    @property
    def are_lost(self) -> bool:
        """Whether snapshots have one step and epoch, so that only the last of them is here."""
        return len(self._of) < len(self.rows)

    def at(self, layer: str, time: _Time) -> MeasureRow | None:
        """The layer's row of a snapshot."""
        return self._of.get((layer, *time))

    def name_of(self, time: _Time) -> str:
        """What a snapshot is called by: its epoch, unless several have that."""
        step, epoch = time
        return {"epoch": f"{epoch}", "step": f"{step}"}.get(self.unit, f"{step}/{epoch}")

    def silence_of(self, layer: str) -> str:
        """Why the layer's number before the final state says nothing; empty if it does."""
        row = self.at(layer, self.times[-1])
        return NO_NUMBERS if row is None else no_answer(row)


def _column_notes(curves: _Curves, shown: int) -> list[str]:
    """What is not in the columns, or not as one may expect it."""
    notes = []
    if shown < len(curves.times):
        notes.append(f"{shown} of {len(curves.times)} snapshots are shown; curve(layer) has all")
    if curves.unit != "epoch":
        notes.append(f"several snapshots have the same epoch, so columns are by {curves.unit}")
    if curves.are_lost:
        notes.append("of snapshots with the same step and epoch the last one is shown")
    return notes


def _mark_notes(lines: Sequence[Sequence[str]]) -> list[str]:
    """What the mark behind a number means, if there is one."""
    is_marked = any(cell.endswith("~") for line in lines for cell in line[1:])
    return [UNRELATED] if is_marked else []


def _near_notes(curves: _Curves) -> list[str]:
    """Since when each layer is near the final state."""
    since = {x: _first_near(curves, x) for x in curves.layers if not curves.silence_of(x)}
    near = [f"{layer} {curves.name_of(time)}" for layer, time in since.items() if time]
    far = [layer for layer, time in since.items() if not time]
    notes = []
    if near:
        text = ", ".join(near)
        notes.append(f"stays within {_NEAR} of the final state from {curves.unit}: {text}")
    if far:
        notes.append(f"not within {_NEAR} before the last snapshot: {', '.join(far)}")
    return notes


def _first_near(curves: _Curves, layer: str) -> _Time | None:
    """Since when all snapshots are near. None if the one before the final one is not."""
    since = None
    for time in reversed(curves.times):
        value = answer_of(curves.at(layer, time))
        if value is None or value >= _NEAR:
            break
        since = time
    return since


def _silent_notes(curves: _Curves, remarks: Remarks) -> list[str]:
    """Which layers have no answer, and why."""
    without = []
    for layer in curves.layers:
        why = curves.silence_of(layer)
        if why == NO_NUMBERS:
            why = remarks.why_no_value(layer) or why
        without += [f"{layer} ({why})"] if why else []
    return [f"! no answer: {', '.join(without)}"] if without else []


def _unlike_notes(curves: _Curves) -> list[str]:
    """Which layers have numbers that are no trend together, and where each begins anew."""
    anew = [f"{layer} {curves.name_of((step, epoch))}" for layer, step, epoch in curves.begun_anew]
    what = f"! other samples, features or modes than before from {curves.unit}"
    return [f"{what}: {', '.join(anew)}"] if anew else []


def _shown(curves: _Curves, verdicts: Sequence[str]) -> list[_Time]:
    """As many snapshots as there is room for beside names and verdicts."""
    names = max(map(len, table_names(curves.layers)))
    room = WIDTH - max(len("layer"), names) - 11 - 2 - max(map(len, verdicts))
    wide = _width_of(list(map(curves.name_of, curves.times)))
    return _spread(curves.times, min(_COLUMNS, max(2, room // wide)))


def _width_of(heads: Sequence[str]) -> int:
    return max(8, *(2 + len(head) for head in heads))


def _spread(times: Sequence[_Time], most: int) -> list[_Time]:
    """The first, the last, and some between them at equal distances."""
    if len(times) <= most:
        return list(times)
    gap = (len(times) - 1) / (most - 1)
    return [times[round(i * gap)] for i in range(most)]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _status_notes(rows: Sequence[MeasureRow]) -> list[str]:
    """What there is to know of layers' numbers, a line a reason."""
    ranks: dict[str, tuple[int, int]] = {}  # the lowest of each layer
    notes: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.status == "rank_deficient":
            ranks[row.layer] = min(rank_of(row), ranks.get(row.layer, rank_of(row)))
        elif row.status != "ok":
            notes.setdefault(f"! {row.status}", {})[row.layer] = None
    for layer, (rank, features) in ranks.items():
        # A sum of features that is constant takes one, so that is no alarm.
        note = f"rank {rank} of {features}, as behind a LayerNorm or softmax"
        if rank < features - 1:
            note = f"! rank {rank} of {features}, because neurons are dead or depend on others"
        notes.setdefault(note, {})[layer] = None
    return [f"{note}: {', '.join(layers)}" for note, layers in notes.items()]
