"""Which rows of an activation count, for hooks that gather them on a device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

_Tap = TypeVar("_Tap")


class ChoosesRows(ABC):
    """A step of a monitor or a batch of a recorder, and the rows that it takes."""

    @abstractmethod
    def _choice(self) -> Any:
        """The choice of the core."""

    def images(self, count: int) -> int:
        """How many images of a batch are taken: its first ones."""
        return int(self._choice().images(count))

    def rows_per_image(self, grid_size: int) -> int:
        """The most rows that are taken of an image of so many positions."""
        return int(self._choice().rows_per_image(grid_size))

    def positions(self, images: int, smallest: int, largest: int) -> Any:
        """The positions that are taken of each image, for grids of these sizes.

        Returns
        -------
        numpy.ndarray
            int32 of grids × images × rows_per_image(largest); 0 where a grid has fewer.
        """
        import numpy as np

        shape = (largest + 1 - smallest, images, self.rows_per_image(largest))
        found = np.frombuffer(self._choice().positions(images, smallest, largest), np.int32)
        return found.reshape(shape)

    def features(self, width: int) -> Any:
        """The features that are taken of a row of this width, int64; None: all."""
        import numpy as np

        found = self._choice().features(width)
        return None if found is None else np.frombuffer(found, np.int64)


class TakesRows(ChoosesRows, Generic[_Tap]):
    """What gathered rows are given to. What a tap is, it says itself."""

    @abstractmethod
    def observe(self, tap: _Tap, array: Any, mask: Any = None) -> None:
        """Take a whole activation."""

    @abstractmethod
    def observe_gathered(
        self, tap: _Tap, rows: Any, positions: Any, shape: tuple[int, ...], mask: Any = None
    ) -> None:
        """Take rows that were gathered as it chooses them; others are refused."""

    @abstractmethod
    def add_observing_time(self, seconds: float) -> None:
        """Add time that was spent to gather rows and to wait for them."""
