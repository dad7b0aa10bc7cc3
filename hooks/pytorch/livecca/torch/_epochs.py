"""Counts the epochs of a training that may leave them out of its calls."""

from __future__ import annotations

from livecca import _checks


class Epochs:
    """The epoch of each step and snapshot. A snapshot ends its epoch.

    Attributes
    ----------
    current
        Of the last step or snapshot.
    is_over
        Whether a snapshot was made in it and no step came since.
    """

    def __init__(self) -> None:
        self.current = 0
        self.is_over = False

    @property
    def next(self) -> int:
        """Of the next step, if the training does not say it."""
        return self.current + self.is_over

    def enter(self, epoch: int | None) -> int:
        """The epoch of a step or snapshot, which may be given. Raises Error on another type."""
        self.current = self.next if epoch is None else _checks.integer("epoch", epoch)
        self.is_over = False
        return self.current

    def end(self) -> None:
        """After a snapshot."""
        self.is_over = True
