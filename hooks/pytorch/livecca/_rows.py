"""The rows of a run as typed records, the same from a file, a report and a callback."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Union

from livecca import _core


@dataclass(frozen=True)
class RunRow:
    """Describes a run."""

    kind: ClassVar[str] = "run"
    network: str = ""
    measures: tuple[str, ...] = ()
    precision: str = ""
    instructions: str = ""
    pairing: str = ""
    train_window: str = ""
    probe_schedule: str = ""
    train_schedule: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    taps: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class MeasureRow:
    """One number: how far a layer is from a reference.

    ``value`` and ``noise_floor`` are on the scale that the measure's name says (a distance or a
    similarity). ``independent_samples`` is what the floor counts: from images
    (``effective_samples``) to rows (``samples``), as far as an image's positions say the same.
    ``p_value`` is how often unrelated data of this size are as near. If it is 0.01 or more,
    ``samples_needed`` says about how many samples would tell the number from chance (images, where
    positions are the samples). ``status`` says why there is no value, or why not to trust it.
    """

    kind: ClassVar[str] = "measure"
    epoch: int = 0
    step: int = 0
    stream: str = "probe"
    layer: str = ""
    reference: str = ""
    reference_kind: str = "network"
    reference_layer: str = ""
    measure: str = ""
    value: float | None = None
    noise_floor: float | None = None
    standard_error: float | None = None
    p_value: float | None = None
    samples_needed: float | None = None
    samples: int = 0
    effective_samples: float = 0
    independent_samples: float = 0
    samples_left_out: int = 0
    features: tuple[int, int] = (0, 0)
    ranks: tuple[int, int] = (0, 0)
    window: str = ""
    precision: str = ""
    modes: tuple[str, str] = ("eval", "eval")
    status: str = "missing"

    @property
    def is_like_unrelated(self) -> bool:
        """Whether the number says no more than chance.

        Unrelated data of this size would be as near in one of a hundred cases or more; without a
        p-value, it is no nearer than its noise floor. Tables mark such numbers ``~``.
        """
        return bool(
            _core.is_like_unrelated(self.measure, self.value, self.noise_floor, self.p_value)
        )


@dataclass(frozen=True)
class SpectrumRow:
    """The canonical correlations of a pair and their projection weights."""

    kind: ClassVar[str] = "spectrum"
    epoch: int = 0
    step: int = 0
    stream: str = "probe"
    layer: str = ""
    reference: str = ""
    reference_layer: str = ""
    canonical_correlations: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    status: str = "missing"


@dataclass(frozen=True)
class LayerRow:
    """The health of one layer: dead neurons, rank, scale."""

    kind: ClassVar[str] = "layer"
    epoch: int = 0
    step: int = 0
    stream: str = "probe"
    network: str = ""
    layer: str = ""
    features: int = 0
    dead: int = 0
    rank: int = 0
    effective_rank: float | None = None
    condition: float | None = None
    root_mean_square: float | None = None
    dtype: str = ""
    samples: int = 0
    samples_left_out: int = 0
    samples_nonfinite: int = 0


@dataclass(frozen=True)
class DriftRow:
    """The train stream's number minus the probe's, at one snapshot.

    Attributes
    ----------
    probe, train
        The numbers.
    probe_noise_floor, train_noise_floor
        Of each. If the drift is no larger than their difference, the unequal sizes of the windows
        may be the reason: see ``is_explained_by_sizes``.
    """

    kind: ClassVar[str] = "drift"
    epoch: int = 0
    step: int = 0
    layer: str = ""
    reference: str = ""
    reference_layer: str = ""
    measure: str = ""
    probe: float = 0
    train: float = 0
    probe_noise_floor: float | None = None
    train_noise_floor: float | None = None
    drift: float = 0

    @property
    def is_explained_by_sizes(self) -> bool:
        """Whether the unequal sizes of the two windows alone may be the reason."""
        if self.probe_noise_floor is None or self.train_noise_floor is None:
            return False
        of_sizes = abs(self.train_noise_floor - self.probe_noise_floor)
        return of_sizes > 0 and abs(self.drift) <= of_sizes


@dataclass(frozen=True)
class VerdictRow:
    """One word on what a layer is doing, from its own motion; or an alarm.

    Attributes
    ----------
    verdict
        ``"moving"``, ``"wandering"``, ``"settled"`` or ``"undecided"``; other words are alarms.
    speed, remaining, remaining_low, remaining_high, moved
        Distances of PWCCA on the scale on which unrelated data have 1: to the snapshot before, an
        epoch; to where the layer is forecast to end, with the interval of 80 %; to the snapshots 1
        and 4 before.
    exponent
        How the distance grows with the lag: 2 straight on, 1 as a random walk, 0 about a place.
    settling_epoch, settling_epoch_low, settling_epoch_high
        When the layer is expected to be called settled, with the interval of 80 %; ``None`` unless
        7 of 10 of the run's earlier expectations came true, of at least 8.
    samples_needed
        Of ``"undecided"`` because the probe is too small: about how many images would do.
    learning_rate
        Under which it was said; ``None`` if none was logged.
    slope, slope_error, error_source
        Of rows that an earlier version wrote.
    """

    kind: ClassVar[str] = "verdict"
    epoch: int = 0
    step: int = 0
    stream: str = "probe"
    layer: str = ""
    verdict: str = ""
    reference: str = ""
    reference_layer: str = ""
    measure: str = ""
    since_epoch: int | None = None
    speed: float | None = None
    exponent: float | None = None
    remaining: float | None = None
    remaining_low: float | None = None
    remaining_high: float | None = None
    settling_epoch: float | None = None
    settling_epoch_low: float | None = None
    settling_epoch_high: float | None = None
    moved: tuple[float | None, ...] = ()
    snapshots: int = 0
    samples_needed: float | None = None
    learning_rate: float | None = None
    message: str = ""
    slope: float | None = None
    slope_error: float | None = None
    error_source: str = ""


@dataclass(frozen=True)
class DirectionRow:
    """Whether a layer comes nearer to a reference, in one word.

    Attributes
    ----------
    direction
        ``"nearing"``, ``"leaving"``, ``"keeping"`` its distance, or ``"undecided"``.
    slope
        The change of the measure's value a snapshot.
    """

    kind: ClassVar[str] = "direction"
    epoch: int = 0
    step: int = 0
    stream: str = "probe"
    layer: str = ""
    reference: str = ""
    reference_layer: str = ""
    measure: str = ""
    direction: str = ""
    slope: float | None = None
    slope_error: float | None = None
    error_source: str = ""
    snapshots: int = 0


@dataclass(frozen=True)
class VerdictRecordRow:
    """How often a run's verdicts came true, held against where each layer was at the end.

    All counts are of snapshots before the last one.

    Attributes
    ----------
    layer
        Empty: all layers together.
    tolerance
        The distance to the end that ``"settled"`` promised.
    settled
        How often it was said. Of these, ``held`` ended within the tolerance, ``early`` did not, and
        ``overtaken`` did not either, but the learning rate jumped afterwards.
    late
        How often it was not said, though it would have held from then on to the end.
    intervals, intervals_held
        Of the remaining distance: how many, and how many had the distance to the end.
    settling_epochs, settling_epochs_held
        That were expected and had come or gone by the end, and those whose interval had the epoch.
    """

    kind: ClassVar[str] = "verdict_record"
    epoch: int = 0
    step: int = 0
    layer: str = ""
    tolerance: float = 0
    settled: int = 0
    held: int = 0
    early: int = 0
    overtaken: int = 0
    late: int = 0
    intervals: int = 0
    intervals_held: int = 0
    settling_epochs: int = 0
    settling_epochs_held: int = 0


@dataclass(frozen=True)
class LogRow:
    """A number of the user's own."""

    kind: ClassVar[str] = "log"
    epoch: int = 0
    step: int = 0
    name: str = ""
    value: float | None = None


@dataclass(frozen=True)
class EventRow:
    """Something that cost numbers or may explain them."""

    kind: ClassVar[str] = "event"
    epoch: int = 0
    what: str = ""
    subject: str = ""
    message: str = ""
    count: int = 1


@dataclass(frozen=True)
class OverheadRow:
    """What watching cost since the snapshot before, in seconds.

    Attributes
    ----------
    observe_seconds, wait_seconds, reference_seconds
        Of the training threads.
    accumulate_seconds, solve_seconds
        Of livecca's own threads, beside training.
    share
        Of the training threads' time, from 0 to 1: what they spent on watching.
    """

    kind: ClassVar[str] = "overhead"
    epoch: int = 0
    step: int = 0
    observe_seconds: float = 0
    wait_seconds: float = 0
    reference_seconds: float = 0
    accumulate_seconds: float = 0
    solve_seconds: float = 0
    training_seconds: float | None = None
    share: float | None = None
    train_steps_observed: int = 0
    train_steps_dropped: int = 0
    lines_lost: int = 0
    resumes: int = 0


Row = Union[
    RunRow,
    MeasureRow,
    SpectrumRow,
    LayerRow,
    DriftRow,
    VerdictRow,
    DirectionRow,
    VerdictRecordRow,
    LogRow,
    EventRow,
    OverheadRow,
]
_CLASSES: dict[str, Any] = {
    row.kind: row
    for row in (
        RunRow,
        MeasureRow,
        SpectrumRow,
        LayerRow,
        DriftRow,
        VerdictRow,
        DirectionRow,
        VerdictRecordRow,
        LogRow,
        EventRow,
    )
}
_FIELDS = {
    row: tuple(f.name for f in dataclasses.fields(row)) for row in (*_CLASSES.values(), OverheadRow)
}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def row_of(line: str) -> Row | None:
    """The record of one line of rows.jsonl; ``None`` of a kind that this version does not know."""
    facts = json.loads(line)
    row_class = _CLASSES.get(facts.get("kind"))
    if row_class is EventRow and facts.get("what") == "overhead":
        row_class = OverheadRow
    if row_class is None:
        return None
    known = {name: _frozen(facts[name]) for name in _FIELDS[row_class] if name in facts}
    row: Row = row_class(**known)
    return row


def rows_of(lines: Iterable[str]) -> tuple[Row, ...]:
    """The records of lines, without those of kinds that this version does not know."""
    return tuple(row for row in map(row_of, lines) if row is not None)


def line_of(row: Row) -> str:
    """As rows.jsonl has it, or an older version of it: without what is empty."""
    facts = {"schema": 1, "kind": row.kind, "run": "", "wall_time": 0}
    for name in _FIELDS[type(row)]:
        value = getattr(row, name)
        if value != ():
            facts[name] = value
    return json.dumps(facts)
