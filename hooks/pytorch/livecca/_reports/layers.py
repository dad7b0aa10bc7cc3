"""The table that ``livecca show`` begins with, of the rows of one snapshot."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from livecca import _core
from livecca._rows import (
    DirectionRow,
    LayerRow,
    MeasureRow,
    Row,
    VerdictRecordRow,
    VerdictRow,
    line_of,
)

WIDTH = 100  # in columns, of all tables


@dataclass(frozen=True)
class LayerTable:
    """A line a layer: its motion, its distance to each reference, its verdict.

    Attributes
    ----------
    text
        Without what is above and below it.
    heads, lines
        The same, as cells; names of layers are whole.
    notes
        What columns mean, and which there is no room for.
    summary
        How many layers have settled; empty if nothing is said of that.
    """

    text: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    summary: str


def layer_table(rows: Sequence[Row]) -> LayerTable:
    """The core's own table of the first measure, so that it is the same wherever it is read."""
    measures = [row for row in rows if isinstance(row, MeasureRow)]
    first = measures[0].measure if measures else ""
    needed = [
        row
        for row in rows
        if isinstance(row, (LayerRow, VerdictRow, DirectionRow))
        or (isinstance(row, MeasureRow) and row.measure == first)
    ]
    text, cells, layers, legend, remarks, left_out, summary = _core.layer_table(
        [line_of(row) for row in needed], WIDTH
    )
    heads, *lines = ([cell.strip() for cell in line] for line in cells)
    notes = [line for said in (*remarks, legend) for line in _wrapped(said)]
    if left_out:
        notes.append(f"there is no room for {', '.join(left_out)}; report.measures has all")
    return LayerTable(
        textwrap.dedent(text),
        tuple(heads),
        tuple((layer, *line[1:]) for layer, line in zip(layers, lines, strict=True)),
        tuple(notes),
        summary,
    )


def verdict_record(rows: Sequence[Row]) -> list[str]:
    """How often a run's verdicts came true, by the rows of its end; empty if these do not say."""
    records = [line_of(row) for row in rows if isinstance(row, VerdictRecordRow)]
    return _wrapped(_core.verdict_record(records))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ")


def table_names(layers: Sequence[str]) -> list[str]:
    """As the program's tables have them: wide ones without what all have in common."""
    return list(_core.table_names(list(layers), WIDTH // 4))
