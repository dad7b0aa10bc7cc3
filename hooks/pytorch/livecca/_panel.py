"""Moments of several layers and of pairs of them, gathered in one pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from livecca import _checks, _core
from livecca._checks import whole_number
from livecca._comparison import SEQUENCES, Comparison
from livecca._errors import Error
from livecca._gathered import NETWORK, Gathered, Layer, settings_of, sums_array
from livecca._moments import Moments


def _place(names: Sequence[str], name: str, what: str) -> int:
    if name not in names:
        raise Error(f"{what}: expected a layer of {', '.join(names)}, got {name!r}")
    return names.index(name)


def _places(names: Sequence[str], pairs: Iterable[Sequence[str]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise Error(f"pairs: expected two names of layers, got {pair!r}")
        x, y = pair
        places = (_place(names, x, "pairs"), _place(names, y, "pairs"))
        if places in result:
            raise Error(f"pairs: expected different pairs, got {x} with {y} twice")
        result.append(places)
    return result


def _readings(layers: Any) -> dict[Any, Any]:
    """Layouts by layer."""
    if isinstance(layers, Mapping):
        return dict(layers)
    names = [layers] if isinstance(layers, str) else list(layers)
    for name in names:
        if names.count(name) > 1:
            raise Error(f"layers: expected different names, got {name!r} twice")
    return dict.fromkeys(names, "nc")


def _layer(name: Any, reading: Any) -> Layer:
    if not isinstance(name, str):
        raise Error(f"layers: expected names, got {name!r}")
    if isinstance(reading, str):
        return Layer(NETWORK, name, reading)
    if isinstance(reading, tuple) and len(reading) == 2:
        return Layer(NETWORK, name, str(reading[0]), str(reading[1]))
    raise Error(f"{name}: expected a layout, or a layout and samples, got {reading!r}")


class Panel(Gathered):
    """:class:`livecca.Moments` of several layers, and of the pairs of them that are compared.

    Each update adds the same samples to all of them: a sample that is not finite in one layer is
    left out of all. Every layer's rows are read once, however many pairs it is in.

    Memory: O(features²) a layer and a pair, and as much again once numbers are read. Thread safety:
    calls from several threads wait for each other.

    Parameters
    ----------
    layers
        Names; or a mapping of names to layouts (``"nchw"``), or to layouts and samples
        (``("nchw", "pooled")``), as :func:`livecca.compare` has them.
    pairs
        Pairs of names whose cross moments are gathered; by default each layer with each one after
        it, whose memory grows with the number of layers squared.
    positions, seed, precision, standard_errors, max_features
        As for :class:`livecca.Moments`.

    Raises
    ------
    Error
        If an option makes no sense.

    Examples
    --------
    >>> panel = livecca.Panel({"conv": "nchw", "norm": "nchw"})
    >>> for batch in batches:
    ...     panel.update({"conv": conv(batch), "norm": norm(conv(batch))})
    >>> print(panel.compare("conv", "norm"))
    """

    def __init__(
        self,
        layers: Iterable[str] | Mapping[str, str | tuple[str, str]],
        pairs: Iterable[tuple[str, str]] | None = None,
        *,
        positions: int | None = None,
        seed: int = 0,
        precision: str = "exact",
        standard_errors: int | None = None,
        max_features: int | None = None,
    ) -> None:
        readings = _readings(layers)
        if not readings:
            raise Error("layers: expected one or more names, got none")
        made = [_layer(name, reading) for name, reading in readings.items()]
        names = list(readings)
        places = (
            list(combinations(range(len(names)), 2)) if pairs is None else _places(names, pairs)
        )
        settings = settings_of(
            made, places, positions, seed, precision, standard_errors, max_features
        )
        super().__init__(settings.gather(), settings)

    @classmethod
    def from_sums(
        cls,
        samples: int,
        layers: Mapping[str, tuple[Any, Any]],
        pairs: Mapping[tuple[str, str], Any] | None = None,
        *,
        images: int | None = None,
        precision: str = "exact",
        dtype: str | None = None,
    ) -> Panel:
        """Make a panel of sums that were computed elsewhere; see :meth:`livecca.Moments.from_sums`.

        Parameters
        ----------
        samples, images, precision, dtype
            As there, of all layers.
        layers
            The mean and the scatter of each.
        pairs
            The product of each pair, features_x × features_y.
        """
        taps = [
            (
                NETWORK,
                name,
                sums_array(mean, f"{name}: mean", 1),
                sums_array(sums, f"{name}: scatter", 2),
            )
            for name, (mean, sums) in layers.items()
        ]
        products = pairs or {}
        places = _places(list(layers), products)
        given = [
            (x, y, sums_array(product, f"{' with '.join(pair)}: product", 2))
            for (x, y), (pair, product) in zip(places, products.items(), strict=True)
        ]
        count = whole_number("samples", samples)
        inputs = count if images is None else whole_number("images", images)
        how = _checks.text("precision", precision)
        of = None if dtype is None else _checks.text("dtype", dtype)
        return cls._of(_core.GatheredMoments.from_sums(count, inputs, taps, given, how, of))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Panel:
        """Read what :meth:`save` wrote. A panel that was made to be updated goes on.

        Any file of moments is read, such as one of ``livecca compare --save-moments``; its layers
        are called "network/layer". It does not say how arrays are read, so it cannot be updated.

        Raises
        ------
        Error
            If it cannot be read or is damaged.
        """
        return cls._of(*cls._loaded(path))

    @property
    def layers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(layer.text for layer in self._layers())

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs whose cross moments are gathered."""
        names = self.layers
        return tuple((names[x], names[y]) for x, y in self._core.pairs())

    @property
    def images(self) -> int:
        """How many inputs were added."""
        return self._core.images()

    def update(self, arrays: Mapping[str, Any], *, mask: Any = None) -> None:
        """Add a batch of every layer.

        Cost: samples · features² multiply-adds a layer and a pair, on several threads and without
        Python's lock.

        Parameters
        ----------
        arrays
            By layer, as for :func:`livecca.compare`, of the same inputs in the same order.
        mask
            Which steps of sequences are valid: one mask for all layers of sequences, or a mapping
            of layers to masks. See :func:`livecca.compare`.

        Raises
        ------
        Error
            If a layer is missing, cannot be read, or is not like before. Nothing has changed then.
        """
        names = self.layers
        for name in arrays:
            _place(names, name, "update")
        missing = [name for name in names if name not in arrays]
        if missing:
            raise Error(f"update: expected all layers in every batch, got none of {missing[0]}")
        if isinstance(mask, Mapping):
            for name in mask:
                _place(names, name, "mask")
            masks = [mask.get(name) for name in names]
        else:
            masks = [mask if layer.layout in SEQUENCES else None for layer in self._layers()]
            if mask is not None and all(one is None for one in masks):
                raise Error("mask: expected a layer of layout ntc or tnc with it, got none")
        self._update([arrays[name] for name in names], masks)

    def moments(self, x: str, y: str | None = None) -> Moments:
        """A copy of the moments of a layer, or of a pair of layers, to read and to compare."""
        names = self.layers
        place_x = _place(names, x, "moments")
        place_y = None if y is None else _place(names, y, "moments")
        if place_y is not None and (place_x, place_y) not in self._core.pairs():
            pairs = ", ".join(" with ".join(pair) for pair in self.pairs) or "none"
            raise Error(f"expected a pair of the panel ({pairs}), got {x} with {y}")
        notes = {"x": x} if y is None else {"x": x, "y": y}
        made = Moments._of(self._core.part(place_x, place_y), None, notes)
        made._are_sequences = self._layers()[place_x].layout in SEQUENCES
        return made

    def compare(
        self,
        x: str,
        y: str,
        *,
        measures: str | Sequence[str] | None = None,
        keep_variance: float | None = None,
        keep_directions: int | None = None,
        alpha: float | None = None,
        directions: int | None = None,
    ) -> Comparison:
        """Compare a pair of layers; see :meth:`livecca.Moments.compare`."""
        return self.moments(x, y).compare(
            measures=measures,
            keep_variance=keep_variance,
            keep_directions=keep_directions,
            alpha=alpha,
            directions=directions,
        )

    def _shape_text(self) -> str:
        pairs = ", ".join(" with ".join(pair) for pair in self.pairs) or "no pairs"
        return f"layers {', '.join(self.layers)} and {pairs}"

    def __repr__(self) -> str:
        layers, pairs = len(self.layers), len(self.pairs)
        return f"<livecca.Panel of {layers} layers and {pairs} pairs, {self.images} inputs>"
