"""What a snapshot's report and the report at the end of a run have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from livecca import _core
from livecca._reports.verdicts import Verdicts
from livecca._reports.words import one_line, some, without_folder
from livecca._rows import EventRow, MeasureRow, Row, line_of

_AnyRow = TypeVar("_AnyRow", bound=Row)
NO_NUMBERS = "no numbers"


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

    def why_no_value(self, layer: str) -> str:
        """Why a layer of the final report has rows without a value; empty if not known."""
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


def remark_lines(report: Report) -> list[str]:
    """A line for each alarm, for events of one reason, and those of the hook."""
    alarms = Verdicts(report.rows).alarm_lines()
    undecided = _core.undecided([line_of(row) for row in report.measures])
    lines = [*_event_lines(report), *alarms, *([undecided] if undecided else [])]
    lines += report._remarks.lines(report)
    return [f"! {line}" for line in dict.fromkeys(lines)]


def _event_lines(report: Report) -> list[str]:
    """A line for each kind and reason, with all layers that it is of."""
    names: dict[tuple[str, str, str], dict[str, None]] = {}
    for event in report.events:  # an event may come once for each kept snapshot
        words = one_line(without_folder(report._remarks.words(event)))
        if words:
            of, slash, layer = event.subject.rpartition("/")
            names.setdefault((event.what, of + slash, words), {})[layer] = None
    return [
        f"{what}, {of}{some(list(layers))}: {words}" for (what, of, words), layers in names.items()
    ]


def rank_of(row: MeasureRow) -> tuple[int, int]:
    """The rank and the features of the side that has neurons which are dead or depend on others."""
    sides = list(zip(row.ranks, row.features, strict=True))
    return next((side for side in sides if side[0] < side[1]), sides[0])


def no_answer(row: MeasureRow) -> str:
    """Why the number says nothing of the layer; empty if it does say something."""
    if row.value is None:
        return NO_NUMBERS
    why: str = _core.no_answer(
        row.measure,
        row.value,
        row.noise_floor,
        row.samples,
        row.effective_samples,
        row.features,
        row.ranks,
    )
    return why


UNRELATED = "~ no nearer than unrelated data of this size"


def marked(text: str, row: MeasureRow | None) -> str:
    """A number's text, with ``~`` behind it if it says no more than chance."""
    is_like_unrelated = row is not None and answer_of(row) is not None and row.is_like_unrelated
    return f"{text}~" if is_like_unrelated else text


def answer_of(row: MeasureRow | None) -> float | None:
    """The number, if it says something of the layer."""
    return None if row is None or no_answer(row) else row.value
