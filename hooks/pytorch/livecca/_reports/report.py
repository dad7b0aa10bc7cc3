"""What a snapshot's report and the report at the end of a run have in common."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TypeVar

from livecca._rows import EventRow, MeasureRow, Row

_AnyRow = TypeVar("_AnyRow", bound=Row)


class Remarks:
    """What a hook knows of a report beside its rows. This one knows nothing."""

    def lines(self, report: Report) -> list[str]:
        """What to say below the report's table."""
        return []

    def words(self, event: EventRow) -> str:
        """How an event is said; empty if the lines say it."""
        return event.message

    def why_no_numbers(self) -> str:
        """Why there are no distances to the final state; empty if that is not known."""
        return ""

    def why_left_out(self, layer: str) -> str:
        """Why a layer has no numbers; empty if that is not known."""
        return ""


class Report(ABC):
    """Rows that were written together, and their table."""

    _remarks: Remarks = Remarks()

    @property
    @abstractmethod
    def rows(self) -> tuple[Row, ...]:
        """All rows."""

    def of(self, row_class: type[_AnyRow]) -> tuple[_AnyRow, ...]:
        """The rows of one class, for example ``report.of(livecca.LayerRow)``."""
        return tuple(row for row in self.rows if isinstance(row, row_class))

    @property
    def measures(self) -> tuple[MeasureRow, ...]:
        """The numbers."""
        return self.of(MeasureRow)

    @property
    def events(self) -> tuple[EventRow, ...]:
        """What cost numbers or may explain them."""
        return self.of(EventRow)

    @abstractmethod
    def __str__(self) -> str:
        """The table."""


def one_line(text: str, most: int = 500) -> str:
    """A message of others as one line that is not endless."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def remark_lines(report: Report) -> list[str]:
    """A line for each event, and those of the hook."""
    remarks = report._remarks
    said = [(event, one_line(remarks.words(event))) for event in report.events]
    events = [f"! {event.what}, {event.subject}: {words}" for event, words in said if words]
    lines = [*events, *(f"! {line}" for line in remarks.lines(report))]
    return list(dict.fromkeys(lines))  # an event may come once for each kept snapshot


def rank_of(row: MeasureRow) -> tuple[int, int]:
    """The rank and the features of the side that has neurons which are dead or depend on others."""
    sides = list(zip(row.ranks, row.features, strict=True))
    return next((side for side in sides if side[0] < side[1]), sides[0])


def status_text(row: MeasureRow) -> str:
    """The status; of a lacking rank, which rank it is: one below the width is no alarm."""
    if row.status != "rank_deficient":
        return row.status
    rank, features = rank_of(row)
    return f"rank {rank} of {features}"


# Where the samples are no more than the features, these are 1, whatever the data is.
_OF_CORRELATIONS = re.compile(r"(mean_cca|r2_cca|pwcca|angular|linreg)")


def no_answer(row: MeasureRow) -> str:
    """Why the number says nothing of the layer; empty if it does say something."""
    if row.value is None:
        return "no numbers"
    free = row.samples - 1  # the mean takes one
    if not _OF_CORRELATIONS.match(row.measure) or free > max(row.features):
        return ""
    if sum(row.ranks) <= free:  # most neurons are dead: what is left has room enough
        return ""
    what = "inputs" if row.samples == row.effective_samples else "samples"
    return f"{row.samples:,} {what} for {max(row.features):,} features"


def answer_of(row: MeasureRow | None) -> float | None:
    """The number, if it says something of the layer."""
    return None if row is None or no_answer(row) else row.value
