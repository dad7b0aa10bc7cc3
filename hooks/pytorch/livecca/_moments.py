"""Moments of one layer, or of two and what they share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from livecca import _checks, _core
from livecca._checks import whole_number
from livecca._comparison import Comparison, comparison_of, set_results
from livecca._errors import Error
from livecca._gathered import NETWORK, Gathered, Layer, settings_of, sums_array

if TYPE_CHECKING:
    from livecca._gathered import Floats


class Moments(Gathered):
    """Counts, means and centred second moments of activations that come batch by batch.

    With two sides also their cross moments, so that :meth:`compare` gives what
    :func:`livecca.compare` would give of all batches at once. Each batch is centred by its own mean
    and then merged (Chan, Golub, LeVeque 1983), in float64: a large offset costs no digits.

    Memory: O(features²) for any number of samples, and as much again once numbers are read. Thread
    safety: calls from several threads wait for each other.

    Parameters
    ----------
    features_x, features_y
        How many features a sample of each side has. Without ``features_y`` there is one side.
    layout, samples, positions, seed
        How arrays are read, as for :func:`livecca.compare`, but without ``"fourier"``.
    precision
        ``"exact"`` or ``"fast"`` (products in float32).
    standard_errors
        Keep the samples in so many parts, usually 10: batches go to them in turn. Needs as many
        times the memory.
    max_features
        Use a seeded choice of so many features of wider sides.

    Raises
    ------
    Error
        If an option makes no sense.

    Examples
    --------
    >>> moments = livecca.Moments(512, 256)
    >>> for x, y in batches:
    ...     moments.update(x, y)
    >>> print(moments.compare(measures="pwcca"))
    """

    def __init__(
        self,
        features_x: int,
        features_y: int | None = None,
        *,
        layout: str = "nc",
        samples: str = "positions",
        positions: int | None = None,
        seed: int = 0,
        precision: str = "exact",
        standard_errors: int | None = None,
        max_features: int | None = None,
    ) -> None:
        widths = {"x": whole_number("features_x", features_x)}
        if features_y is not None:
            widths["y"] = whole_number("features_y", features_y)
        layout, samples = _checks.text("layout", layout), _checks.text("samples", samples)
        layers = [Layer(NETWORK, side, layout, samples, width) for side, width in widths.items()]
        pairs = [(0, 1)] if features_y is not None else []
        settings = settings_of(
            layers, pairs, positions, seed, precision, standard_errors, max_features
        )
        super().__init__(settings.gather(), settings)

    @classmethod
    def from_sums(
        cls,
        samples: int,
        mean_x: Any,
        scatter_x: Any,
        mean_y: Any = None,
        scatter_y: Any = None,
        product: Any = None,
        *,
        images: int | None = None,
        precision: str = "exact",
        dtype: str | None = None,
    ) -> Moments:
        """Make moments of sums that were computed elsewhere, such as on a GPU.

        They can be read, compared, saved, and merged into others, but not updated. Debiased CKA has
        no value. Subtract the mean before you multiply: Σ xxᵀ − n · mean · meanᵀ loses digits.

        Parameters
        ----------
        samples
            How many rows were summed; each weighs 1.
        mean_x, mean_y
            Of each feature.
        scatter_x, scatter_y
            Σ (x − mean)(x − mean)ᵀ, features × features, both triangles.
        product
            Σ (x − mean_x)(y − mean_y)ᵀ, features_x × features_y.
        images
            How many independent inputs the rows come from; ``samples`` by default.
        precision
            ``"fast"`` if products were computed in float32 or coarser.
        dtype
            Of the activations, such as ``"bfloat16"``: ranks allow for its rounding.

        Raises
        ------
        Error
            If shapes disagree, a number is not finite, a scatter is not symmetric or has a negative
            diagonal.
        """
        sides = [("x", mean_x, scatter_x)]
        given = [value is not None for value in (mean_y, scatter_y, product)]
        if any(given):
            if not all(given):
                raise Error("from_sums: expected mean_y, scatter_y and product, or none of them")
            sides.append(("y", mean_y, scatter_y))
        taps = [
            (
                NETWORK,
                side,
                sums_array(mean, f"mean_{side}", 1),
                sums_array(sums, f"scatter_{side}", 2),
            )
            for side, mean, sums in sides
        ]
        pairs = [(0, 1, sums_array(product, "product", 2))] if product is not None else []
        count = whole_number("samples", samples)
        inputs = count if images is None else whole_number("images", images)
        how = _checks.text("precision", precision)
        of = None if dtype is None else _checks.text("dtype", dtype)
        return cls._of(_core.GatheredMoments.from_sums(count, inputs, taps, pairs, how, of))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Moments:
        """Read what :meth:`save` wrote. Moments that were made to be updated go on.

        A file that ``livecca compare --save-moments`` wrote of one pair is read too. It does not
        say how arrays are read: to go on, merge it into new moments.

        Raises
        ------
        Error
            If it cannot be read, is damaged, or holds more than one pair.
        """
        core, settings, notes = cls._loaded(path)
        layers, pairs = core.layers(), core.pairs()
        sides = len(layers)
        if (sides, pairs) not in ((1, []), (2, [(0, 1)])):
            raise Error(
                f"{os.fspath(path)}: expected moments of one layer or of one pair, got {sides} "
                f"layers and {len(pairs)} pairs; use livecca.Panel.load"
            )
        if layers != [(NETWORK, "x"), (NETWORK, "y")][:sides]:
            core, settings = core.part(0, 1 if sides == 2 else None), None
        return cls._of(core, settings, notes)

    def update(self, x: Any, y: Any = None, *, mask: Any = None) -> None:
        """Add a batch.

        A sample that is not finite on a side is left out of both, and counted. Cost: samples ·
        features² multiply-adds, on several threads and without Python's lock.

        Parameters
        ----------
        x, y
            Arrays as for :func:`livecca.compare`, of the same inputs in the same order.
        mask
            Which steps of sequences are valid: True (1) is valid, over the layout's first two axes,
            or one length for each sequence. See :func:`livecca.compare`.

        Raises
        ------
        Error
            If an array cannot be read, or is not like those before. Nothing has changed then.
        """
        if (y is not None) != (self._sides == 2):
            got = "x alone" if y is None else "x and y"
            raise Error(f"update: expected {self._shape_text()}, got {got}")
        arrays = [x] if y is None else [x, y]
        self._update(arrays, [mask] * len(arrays))

    def compare(
        self,
        *,
        measures: str | Sequence[str] | None = None,
        keep_variance: float | None = None,
        keep_directions: int | None = None,
        alpha: float | None = None,
        directions: int | None = None,
    ) -> Comparison:
        """Compare the two sides: what :func:`livecca.compare` gives of all samples at once.

        Cost: O(features³). For the parameters see there.
        """
        if self._sides == 1:
            raise Error("compare: expected moments of two sides, got those of x alone")
        options = _core.ResultOptions()
        set_results(options, measures, keep_variance, keep_directions, alpha, directions)
        names = [
            self._notes.get(side) or f"{side}  {width} features"
            for side, width in zip("xy", self.features, strict=True)
        ]
        text, table = self._core.compare(names[0], names[1], options)
        return comparison_of(text, table, are_sequences=self._are_sequences)

    @property
    def _sides(self) -> int:
        return len(self._core.layers())

    @property
    def samples(self) -> int:
        """How many rows were added."""
        return self._core.facts(0)[0]

    @property
    def effective_samples(self) -> float:
        """How many independent ones they count as: inputs, where positions are the samples."""
        return self._core.facts(0)[1]

    @property
    def samples_left_out(self) -> int:
        """How many rows were left out because they are not finite."""
        return self._core.facts(0)[2]

    @property
    def features(self) -> tuple[int, ...]:
        """Of each side."""
        if self._settings is not None and self.samples == 0:
            return tuple(layer.features for layer in self._settings.layers)
        return tuple(self._core.facts(side)[3] for side in range(self._sides))

    def _y(self) -> int:
        if self._sides == 1:
            raise Error("expected moments of two sides, got those of x alone")
        return 1

    def _covariance(self, sums: Floats) -> Floats:
        divisor = self._core.facts(0)[4]
        if divisor <= 0:
            raise Error(f"covariance: expected two or more samples, got {self.samples}")
        return sums / divisor

    @property
    def mean_x(self) -> Floats:
        """Of each feature of x."""
        return self._core.mean(0)

    @property
    def mean_y(self) -> Floats:
        """Of each feature of y."""
        return self._core.mean(self._y())

    @property
    def scatter_x(self) -> Floats:
        """Σ (x − mean)(x − mean)ᵀ, features × features."""
        return self._core.scatter(0)

    @property
    def scatter_y(self) -> Floats:
        """Σ (y − mean)(y − mean)ᵀ, features × features."""
        return self._core.scatter(self._y())

    @property
    def product(self) -> Floats:
        """Σ (x − mean_x)(y − mean_y)ᵀ, features_x × features_y."""
        self._y()
        return self._core.product(0)

    @property
    def covariance_x(self) -> Floats:
        """The unbiased covariance of x, features × features, as ``np.cov`` has it."""
        return self._covariance(self.scatter_x)

    @property
    def covariance_y(self) -> Floats:
        """The unbiased covariance of y, features × features."""
        return self._covariance(self.scatter_y)

    @property
    def cross_covariance(self) -> Floats:
        """The unbiased covariance of x with y, features_x × features_y."""
        return self._covariance(self.product)

    def _expect_like(self, other: Gathered) -> None:
        """The core compares features once there are samples; without them, the settings tell."""
        super()._expect_like(other)
        if self._settings is None or other._settings is None:
            return
        layers = zip(self._settings.layers, other._settings.layers, strict=True)
        for side, (own, others) in zip("xy", layers, strict=False):
            if own.features != others.features:
                raise Error(
                    f"merge: {side}: expected moments of {own.features} features, got "
                    f"{others.features}"
                )

    def _shape_text(self) -> str:
        return "moments of " + ("x and y" if self._sides == 2 else "x alone")

    def __repr__(self) -> str:
        widths = " and ".join(map(str, self.features))
        return f"<livecca.Moments of {widths} features, {self.samples} samples>"
