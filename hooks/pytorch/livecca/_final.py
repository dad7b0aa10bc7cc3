"""How a run ended: how far each snapshot was from the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from livecca import _html
from livecca._errors import Error
from livecca._nearest import nearest
from livecca._report import Report, answer_of, no_answer, one_line, rank_of, remark_lines
from livecca._rows import MeasureRow, Row

_COLUMNS = 8
_NEAR = 0.05

_Time = tuple[int, int]  # step and epoch


class FinalReport(Report):
    """How far each snapshot of a run was from its last one: what ``Monitor.finish()`` returns.

    It prints as a table, with a line for each layer and a column for each snapshot, of the run's
    first measure. A layer that is near 0 early has converged early. The last column is what
    unrelated data of this size would have. Of more than 8 snapshots, 8 are shown.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)

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
                known = list(dict.fromkeys(names))
                raise Error(
                    f"curve: expected a {what} with numbers, got {name!r}; {nearest(name, known)}"
                )
        found = [row for row in rows if (row.layer, row.measure) == (layer, wanted)]
        return tuple(sorted(found, key=lambda row: (row.step, row.epoch)))

    def __str__(self) -> str:
        table = _table_of(self.measures)
        if table is None:
            return "\n".join([self._without_numbers(), *remark_lines(self)]) + "\n"
        width = max(len(line[0]) for line in (table.heads, *table.lines))
        lines = [table.title, ""]
        for head, *cells, unrelated in (table.heads, *table.lines):
            shown = "".join(f"{cell:>8}" for cell in cells)
            lines.append(f"{head:<{width}}{shown}{unrelated:>11}")
        lines += ["", *table.notes, *remark_lines(self)]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        layers = {row.layer for row in self.measures}
        snapshots = {(row.step, row.epoch) for row in self.measures}
        return f"<livecca.FinalReport of {len(layers)} layers at {len(snapshots)} snapshots>"

    def _repr_html_(self) -> str:
        table = _table_of(self.measures)
        notes = remark_lines(self)
        if table is None:
            return _html.paragraphs([self._without_numbers(), *notes])
        lines = [map(escape, line) for line in table.lines]
        return _html.table(table.heads, lines, table.title, *table.notes, *notes)

    def _without_numbers(self) -> str:
        why = self._remarks.why_no_numbers() or "it needs two snapshots and the history"
        return f"no distances to the final state: {one_line(why)}"


@dataclass(frozen=True)
class _Table:
    """What is shown of a report: cells of text, notes below."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def _table_of(measures: Sequence[MeasureRow]) -> _Table | None:
    """The table of the first measure's distances to the final state. None if there is no number."""
    rows = [row for row in measures if row.reference == "final"]
    if not rows:
        return None
    first = rows[0].measure
    rows = [row for row in rows if row.measure == first]
    times = sorted({(row.step, row.epoch) for row in rows})
    layers = list(dict.fromkeys(row.layer for row in rows))
    of = {(row.layer, row.step, row.epoch): row for row in rows}
    # Several snapshots may have one epoch: then steps name them.
    by_step = len({epoch for _, epoch in times}) < len(times)
    unit = "step" if by_step else "epoch"
    shown = _spread(times)
    lines = []
    for layer in layers:
        values = [of.get((layer, *time)) for time in shown]
        floor = next((row.noise_floor for row in values if row and row.noise_floor), None)
        numbers = [answer_of(row) for row in values]
        lines.append((layer, *map(_number, numbers), _number(floor)))
    last = {layer: of.get((layer, *times[-1])) for layer in layers}
    silent = {layer: "no numbers" if row is None else no_answer(row) for layer, row in last.items()}
    notes = []
    near = [f"{x} {_first_near(x, times, of, by_step)}" for x in layers if not silent[x]]
    if first.endswith("_distance") and near:
        notes.append(f"stays within {_NEAR} of the final state from {unit}: {', '.join(near)}")
    if without := [f"{layer} ({why})" for layer, why in silent.items() if why]:
        notes.append(f"! no answer: {', '.join(without)}")
    return _Table(
        title=f"{first} of each snapshot to the final state, by {unit}",
        heads=("layer", *(str(step if by_step else epoch) for step, epoch in shown), "unrelated"),
        lines=tuple(lines),
        notes=(*notes, *_status_notes(rows)),
    )


def _spread(times: Sequence[_Time]) -> list[_Time]:
    """The first, the last, and some between them at equal distances."""
    if len(times) <= _COLUMNS:
        return list(times)
    gap = (len(times) - 1) / (_COLUMNS - 1)
    return [times[round(i * gap)] for i in range(_COLUMNS)]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _first_near(
    layer: str, times: Sequence[_Time], of: dict[tuple[str, int, int], MeasureRow], by_step: bool
) -> str:
    """Since when all snapshots are near; "the last" if the one before the final one is not."""
    since = "the last"
    for step, epoch in reversed(times):
        value = answer_of(of.get((layer, step, epoch)))
        if value is None or value >= _NEAR:
            break
        since = str(step if by_step else epoch)
    return since


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
