"""What a snapshot's report and the report at the end of a run have in common."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TypeVar

from livecca._reports.undecided import undecided_lines
from livecca._reports.verdicts import Verdicts
from livecca._reports.words import one_line, some, without_folder
from livecca._rows import EventRow, MeasureRow, Row

_AnyRow = TypeVar("_AnyRow", bound=Row)
NO_NUMBERS = "no numbers"
# Where unrelated data would score this near to equal layers, a number tells nothing.
_ROOM = 0.02


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
    undecided = undecided_lines(report.measures)
    lines = [*_event_lines(report), *alarms, *undecided, *report._remarks.lines(report)]
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
        return NO_NUMBERS
    if _leaves_nothing(row):
        return f"{row.effective_samples:,.0f} inputs for {max(row.features):,} features"
    free = row.samples - 1  # the mean takes one
    if not _OF_CORRELATIONS.match(row.measure) or free > max(row.features):
        return ""
    if sum(row.ranks) <= free:  # most neurons are dead: what is left has room enough
        return ""
    what = "inputs" if row.samples == row.effective_samples else "samples"
    return f"{row.samples:,} {what} for {max(row.features):,} features"


def _leaves_nothing(row: MeasureRow) -> bool:
    """Whether unrelated data of this size would be as near as equal layers are."""
    floor = row.noise_floor
    if floor is None:
        return False
    return floor < _ROOM if row.measure.endswith("_distance") else floor > 1 - _ROOM


UNRELATED = "~ no nearer than unrelated data of this size"


def marked(text: str, row: MeasureRow | None) -> str:
    """A number's text, with ``~`` behind it if it says no more than chance."""
    is_like_unrelated = row is not None and answer_of(row) is not None and row.is_like_unrelated
    return f"{text}~" if is_like_unrelated else text


def in_network_order(rows: Iterable[MeasureRow]) -> list[str]:
    """The layers, once each. Layers that the first snapshot lacks get their places all the same."""
    snapshots: dict[tuple[int, int], dict[str, None]] = {}
    for row in rows:
        snapshots.setdefault((row.step, row.epoch), {})[row.layer] = None
    layers: list[str] = []
    for snapshot in map(list, snapshots.values()):
        for place, layer in enumerate(snapshot):
            if layer in layers:
                continue
            behind = [layers.index(other) for other in snapshot[place:] if other in layers]
            if place > 0:  # what stands before it has its place already
                layers.insert(layers.index(snapshot[place - 1]) + 1, layer)
            else:
                layers.insert(behind[0] if behind else len(layers), layer)
    return layers


def are_alike(one: MeasureRow, other: MeasureRow) -> bool:
    """Whether two numbers may be one trend, as lib/sinks/conditions.cpp has it."""
    if (one.features, one.modes) != (other.features, other.modes):
        return False
    samples = one.effective_samples, other.effective_samples
    if max(samples) - min(samples) < 0.1 * max(samples) or samples[0] == samples[1]:
        return True
    floors = one.noise_floor, other.noise_floor
    return None not in floors and abs(floors[0] - floors[1]) <= 0.005  # type: ignore[operator]


def answer_of(row: MeasureRow | None) -> float | None:
    """The number, if it says something of the layer."""
    return None if row is None or no_answer(row) else row.value
