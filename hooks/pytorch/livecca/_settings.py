"""Settings of a monitor that have constructors of their own: schedules, windows and pairings.

They are the core's. Each remembers how it was made, so that it can be compared, copied and pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from livecca import _core
from livecca._errors import Error

_Made = TypeVar("_Made")


def _make(setting: Callable[[Any], _Made], maker: str, *arguments: Any) -> _Made:
    """The setting that the core's constructor of this name makes of these arguments."""
    name = setting.__name__
    try:
        made: Any = setting(getattr(getattr(_core, name), maker)(*arguments))
    except TypeError:
        given = ", ".join(map(repr, arguments))
        raise Error(f"{name}.{maker}: expected arguments of other types, got {given}") from None
    made._made = (maker, *arguments)
    return made  # type: ignore[no-any-return]


def _reduce(self: Any) -> tuple[Any, tuple[Any, ...]]:
    return _make, (type(self), *self._made)


def _is_equal(self: Any, other: object) -> bool:
    return type(self) is type(other) and bool(self._made == other._made)  # type: ignore[attr-defined]


def _hash(self: Any) -> int:
    return hash((type(self), repr(self._made)))


# The core's classes allow no second base, so each class takes these functions by itself.


class Schedule(_core.Schedule):
    """When something is due. It can be pickled if its predicate can."""

    __reduce__ = _reduce
    __eq__ = _is_equal
    __hash__ = _hash

    @staticmethod
    def never() -> Schedule:
        """Never due."""
        return _make(Schedule, "never")

    @staticmethod
    def every_steps(steps: int) -> Schedule:
        """Due at the first training step, and then every so many."""
        return _make(Schedule, "every_steps", steps)

    @staticmethod
    def every_epochs(epochs: int) -> Schedule:
        """Due at the first call, and then once every so many epochs."""
        return _make(Schedule, "every_epochs", epochs)

    @staticmethod
    def every_seconds(seconds: float) -> Schedule:
        """Due at the first call, and then every so many seconds."""
        return _make(Schedule, "every_seconds", seconds)

    @staticmethod
    def log_spaced(per_decade: int) -> Schedule:
        """Due at steps that grow by a factor: with 3 a decade at 1, 2, 5, 10, 22, 46, 100, …"""
        return _make(Schedule, "log_spaced", per_decade)

    @staticmethod
    def when(predicate: Callable[[_core.Progress], bool]) -> Schedule:
        """Due if the function returns True of the training's progress: step, epoch, seconds."""
        return _make(Schedule, "when", predicate)


class Window(_core.Window):
    """Which samples of the train stream a snapshot has."""

    __reduce__ = _reduce
    __eq__ = _is_equal
    __hash__ = _hash

    @staticmethod
    def all() -> Window:
        """All since the run began."""
        return _make(Window, "all")

    @staticmethod
    def since_snapshot() -> Window:
        """All since the snapshot before."""
        return _make(Window, "since_snapshot")

    @staticmethod
    def exponential(half_life: float) -> Window:
        """Every sample loses half its weight after so many more inputs."""
        return _make(Window, "exponential", half_life)

    @staticmethod
    def last_blocks(blocks: int, images_per_block: int) -> Window:
        """The latest blocks of so many inputs each; one of them is being filled."""
        return _make(Window, "last_blocks", blocks, images_per_block)


class Pairing(_core.Pairing):
    """Which layers of a reference a layer is compared with."""

    __reduce__ = _reduce
    __eq__ = _is_equal
    __hash__ = _hash

    @staticmethod
    def by_name() -> Pairing:
        """Layers of the same name."""
        return _make(Pairing, "by_name")

    @staticmethod
    def by_patterns(patterns: Sequence[tuple[str, str]]) -> Pairing:
        """Layers whose names match a pair of patterns with the same text for each wildcard.

        ``[("conv*", "features.conv*")]`` pairs conv1 with the reference's features.conv1.
        """
        return _make(Pairing, "by_patterns", [tuple(pair) for pair in patterns])

    @staticmethod
    def all() -> Pairing:
        """Every layer with every layer."""
        return _make(Pairing, "all")
