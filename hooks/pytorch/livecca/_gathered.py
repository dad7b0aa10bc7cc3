"""What Moments and Panel share: settings, files, merging, pickling."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from livecca import _arrays, _checks, _core
from livecca._checks import count_or_none, whole_number
from livecca._comparison import SEQUENCES, kind_of_samples
from livecca._errors import Error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_Self = TypeVar("_Self", bound="Gathered")

# The note of a file with what update() needs to go on.
_NOTE = "livecca.python"
# As the program calls the sides of two files, so that its files and these are the same.
NETWORK = "compare"


@dataclass(frozen=True)
class Layer:
    """A layer and how its arrays are read."""

    network: str
    name: str
    layout: str = "nc"
    samples: str = "positions"
    features: int = 0

    @property
    def text(self) -> str:
        """What users call it: layers of other files have a network too."""
        return self.name if self.network == NETWORK else f"{self.network}/{self.name}"


@dataclass(frozen=True)
class Settings:
    """How arrays become moments."""

    layers: tuple[Layer, ...]
    pairs: tuple[tuple[int, int], ...]
    positions: int
    seed: int
    precision: str
    standard_errors: int
    max_features: int

    def gather(self) -> _core.GatheredMoments:
        """Moments without samples."""
        layers = []
        for layer in self.layers:
            kind, step = kind_of_samples(layer.samples)
            layers.append((layer.network, layer.name, layer.layout, kind, step, layer.features))
        return _core.GatheredMoments.gather(
            layers,
            self.pairs,
            self.positions,
            self.seed,
            self.precision,
            self.standard_errors,
            self.max_features,
        )

    @staticmethod
    def of_note(note: str) -> Settings:
        """What :meth:`note` made."""
        facts = json.loads(note)
        facts["layers"] = tuple(Layer(**layer) for layer in facts["layers"])
        facts["pairs"] = tuple((x, y) for x, y in facts["pairs"])
        return Settings(**facts)

    def note(self) -> str:
        """As text for a file's notes."""
        return json.dumps(asdict(self))


def settings_of(
    layers: Sequence[Layer],
    pairs: Sequence[tuple[int, int]],
    positions: int | None,
    seed: int,
    precision: str,
    standard_errors: int | None,
    max_features: int | None,
) -> Settings:
    """Settings whose numbers were checked."""
    parts = 0 if standard_errors is None else whole_number("standard_errors", standard_errors, 2)
    return Settings(
        layers=tuple(layers),
        pairs=tuple(pairs),
        positions=count_or_none("positions", positions),
        seed=whole_number("seed", seed, 0),
        precision=_checks.text("precision", precision),
        standard_errors=parts,
        max_features=count_or_none("max_features", max_features),
    )


def sums_array(array: Any, name: str, axes: int) -> Floats:
    """Sums as float64, column by column, of so many axes."""
    import numpy as np

    readable = _arrays.readable(array, name)
    if str(readable.dtype).endswith("bfloat16"):
        raise Error(f"{name}: expected sums of float32 or float64, got bfloat16")
    numbers = np.asfortranarray(np.asarray(readable), dtype=np.float64)
    if numbers.ndim != axes:
        raise Error(f"{name}: expected {axes} axes, got shape {numbers.shape}")
    return numbers


class Gathered:
    """Moments of layers and of pairs of them."""

    def __init__(
        self,
        core: _core.GatheredMoments,
        settings: Settings | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        self._core = core
        self._settings = settings
        self._notes = dict(notes or {})
        layers = () if settings is None else settings.layers
        self._are_sequences = any(layer.layout in SEQUENCES for layer in layers)

    @classmethod
    def _of(cls: type[_Self], *gathered: Any) -> _Self:
        moments = cls.__new__(cls)
        Gathered.__init__(moments, *gathered)
        return moments

    def _layers(self) -> tuple[Layer, ...]:
        if self._settings is not None:
            return self._settings.layers
        return tuple(Layer(network, name) for network, name in self._core.layers())

    def _update(self, arrays: Sequence[Any], masks: Sequence[Any]) -> None:
        layers = self._layers()
        readable = [
            _arrays.readable(array, layer.name) for layer, array in zip(layers, arrays, strict=True)
        ]
        values = [None if mask is None else _arrays.mask_values(mask) for mask in masks]
        names, layouts = [layer.name for layer in layers], [layer.layout for layer in layers]
        self._core.update(names, readable, layouts, values)

    def merge(self: _Self, other: _Self) -> None:
        """Add the samples of other moments, such as those of another worker.

        Merges in any order give the same numbers up to rounding, and the same as one stream.
        Cost: O(features²).

        Raises
        ------
        Error
            If they are moments of something else. Nothing has changed then.
        """
        if type(other) is not type(self):
            expected = type(self).__name__
            raise Error(f"merge: expected livecca.{expected}, got {type(other).__name__}")
        if other is self:
            raise Error("merge: expected other moments, got these, whose samples would count twice")
        self._expect_like(other)
        self._core.merge(other._core)

    def _expect_like(self, other: Gathered) -> None:
        """Raises Error if the other ones are of other layers."""
        own, others = self._shape_text(), other._shape_text()
        if own != others:
            raise Error(f"merge: expected {own}, got {others}")

    def _shape_text(self) -> str:
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a .safetensors file, whole or not at all: :meth:`load` reads it, and the program's
        ``livecca solve`` and ``livecca merge``."""
        notes = dict(self._notes)
        if self._settings is not None:
            notes[_NOTE] = self._settings.note()
        self._core.save(_checks.path("path", path), notes)

    @classmethod
    def _loaded(
        cls, path: str | os.PathLike[str]
    ) -> tuple[_core.GatheredMoments, Settings | None, dict[str, str]]:
        """With the settings, the moments go on; of another program's file there are none."""
        core, notes = _core.GatheredMoments.load(_checks.path("path", path))
        note = notes.pop(_NOTE, None)
        if note is None:
            return core, None, notes
        try:
            settings = Settings.of_note(note)
            gathering = settings.gather()
            gathering.merge(core)
        except (ValueError, TypeError, KeyError, AttributeError, Error) as reason:
            raise Error(
                f"{os.fspath(path)}: expected moments as Python wrote them, got others ({reason})"
            ) from None
        return gathering, settings, notes

    @classmethod
    def load(cls: type[_Self], path: str | os.PathLike[str]) -> _Self:
        """Read what :meth:`save` wrote; of another program's file see the class."""
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, tuple[type, bytes]]:
        # The core writes files only.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "moments"
            self.save(path)
            return _of_bytes, (type(self), path.read_bytes())


def _of_bytes(kind: type[Gathered], content: bytes) -> Gathered:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "moments"
        path.write_bytes(content)
        return kind.load(path)
