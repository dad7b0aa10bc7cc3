"""A run that a monitor wrote, or still writes."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import Any, TypeVar

from livecca import _checks, _core
from livecca._errors import Error
from livecca._reports import html
from livecca._rows import MeasureRow, OverheadRow, Row, RunRow, rows_of

_AnyRow = TypeVar("_AnyRow", bound=Row)


@dataclass(frozen=True)
class Run:
    """The rows of a run so far, in the order in which they were written.

    Attributes
    ----------
    path
        The folder, or its rows.jsonl.
    rows
        Typed records, such as :class:`livecca.MeasureRow`.
    foreign_lines
        How many lines of the file are no rows of livecca's, or damaged.
    """

    path: str
    rows: tuple[Row, ...]
    foreign_lines: int

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, row_class: type[_AnyRow]) -> tuple[_AnyRow, ...]:
        """The rows of one class, for example ``run.of(livecca.VerdictRow)``."""
        return tuple(row for row in self.rows if isinstance(row, row_class))

    def _columns(self, row_class: Any) -> dict[str, list[Any]]:
        rows = self.of(row_class)
        names = [f.name for f in dataclasses.fields(row_class)]
        return {name: [getattr(row, name) for row in rows] for name in names}

    def to_pandas(self, row_class: Any = MeasureRow) -> Any:
        """A pandas DataFrame of the rows of one class. Needs pandas."""
        return _needed("pandas").DataFrame(self._columns(row_class))

    def to_polars(self, row_class: Any = MeasureRow) -> Any:
        """A polars DataFrame of the rows of one class. Needs polars."""
        return _needed("polars").DataFrame(self._columns(row_class))

    def __repr__(self) -> str:
        return f"<livecca.Run {self.path!r}, {len(self.rows)} rows>"

    def _repr_html_(self) -> str:
        kinds = Counter(
            "overhead" if isinstance(row, OverheadRow) else row.kind for row in self.rows
        )
        facts = {"run": self.path, **self._facts()}
        facts |= {f"{kind} rows": f"{count:,}" for kind, count in kinds.items()}
        if self.foreign_lines:
            facts["lines that are no rows"] = f"{self.foreign_lines:,}"
        rows = [(escape(name), escape(value)) for name, value in facts.items()]
        return html.table(("", ""), rows)

    def _facts(self) -> dict[str, str]:
        """What the run is of, as its last description says."""
        described = self.of(RunRow)
        if not described:
            return {}
        last = described[-1]
        layers = [tap.get("layer", "") for tap in last.taps if tap.get("network") == last.network]
        epochs = [row.epoch for row in self.of(OverheadRow)]
        facts = {
            "network": last.network,
            "layers": ", ".join(layers),
            "measures": ", ".join(last.measures),
            "train schedule": last.train_schedule,
            "latest epoch": f"{epochs[-1]}" if epochs else "",
            **{str(name): str(value) for name, value in last.notes.items()},
        }
        return {name: value for name, value in facts.items() if value}


def _kind_of(row: Row) -> str:
    return "overhead" if isinstance(row, OverheadRow) else row.kind


def _needed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        raise Error(f"expected the package {package}, got none; pip install {package}") from None


def read_run(path: str | os.PathLike[str], *, spectra: bool = True) -> Run:
    """Read a run's rows, also while it is still going on.

    A line that is still being written is left for the next call.

    Parameters
    ----------
    path
        The run's folder, or its rows.jsonl.
    spectra
        False leaves out the canonical correlations, which are most of the bytes.

    Raises
    ------
    Error
        If there is no such file or it cannot be read.
    """
    run = _checks.path("path", path)
    lines, foreign, _, _ = _core.read_rows(run, _checks.flag("spectra", spectra))
    return Run(path=run, rows=rows_of(lines), foreign_lines=foreign)
