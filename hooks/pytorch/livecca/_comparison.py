"""Comparing two arrays of activations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livecca import _arrays, _checks, _core
from livecca._errors import Error
from livecca._reports import html
from livecca._values import Values

_WORDS_OF_SEQUENCES = (
    (r"^(samples +\d+) positions of (.*) images,", r"\1 steps of \2 sequences,"),
    (
        r"^( +)counted in images: too high where an image's positions differ much$",
        r"\1counted in sequences: too high where a sequence's steps differ much",
    ),
)
SEQUENCES = ("ntc", "tnc")


@dataclass(frozen=True)
class Comparison:
    """The result of :func:`compare`. It prints as a table; a notebook shows it with bars.

    Attributes
    ----------
    status
        ``"ok"``, or why numbers are missing or not to be trusted, such as ``"undersampled"``.
    samples, effective_samples, samples_left_out
        Rows that were used; the images that they come from, where positions are the samples; rows
        that were left out because they are not finite.
    independent_samples
        How many independent rows they count as in the floor of CCA: from images to rows, as far as
        the positions of an image say the same.
    features, ranks
        Of ``x`` and of ``y``. A rank is ``None`` where no measure needed it.
    similarity, distance
        By measure: 1 is the same, or 0 is. ``None`` where a measure has no value.
    noise_floor
        The similarity of unrelated data of this size. Compare every similarity with it. Of a
        measure that has no similarity, such as ``angular``: their distance.
    p_value
        How often unrelated data of this size are as similar. ``None`` where no law holds: of CKA
        and shape distances of positions, and of means over frequencies.
    samples_needed
        About how many samples would tell a similarity from chance that has a p-value of 0.01 or
        more, if the effect is as it looks. ``None`` for the others, and where none can be named.
    standard_error
        By measure; empty without ``standard_errors``.
    canonical_correlations
        Of the pair, in descending order.
    """

    status: str
    samples: int
    effective_samples: float
    independent_samples: float
    samples_left_out: int
    features: tuple[int, int]
    ranks: tuple[int | None, int | None]
    similarity: Mapping[str, float | None]
    distance: Mapping[str, float | None]
    noise_floor: Mapping[str, float | None]
    p_value: Mapping[str, float | None]
    samples_needed: Mapping[str, float | None]
    standard_error: Mapping[str, float | None]
    canonical_correlations: tuple[float, ...]
    _json: str
    _table: str

    def to_dict(self) -> dict[str, Any]:
        """Everything, as ``livecca compare --format json`` prints it."""
        result: dict[str, Any] = json.loads(self._json)
        return result

    def __str__(self) -> str:
        return self._table

    def __repr__(self) -> str:
        values = ", ".join(
            f"{name}={'none' if value is None else format(value, '.4g')}"
            for name, value in self.distance.items()
        )
        return f"<livecca.Comparison {self.status}, distances: {values}>"

    def _repr_html_(self) -> str:
        return html.comparison(self.to_dict())


def comparison_of(text: str, table: str, *, are_sequences: bool = False) -> Comparison:
    """The comparison that the core printed as JSON and as a table, which speaks of images."""
    facts = json.loads(text)
    if are_sequences:
        for of_images, of_sequences in _WORDS_OF_SEQUENCES:
            table = re.sub(of_images, of_sequences, table, count=1, flags=re.M)

    def values(key: str) -> Values:
        return Values(facts.get(key, {}))

    return Comparison(
        status=facts["status"],
        samples=facts["samples"],
        effective_samples=facts["effective_samples"],
        independent_samples=facts["independent_samples"],
        samples_left_out=facts["samples_left_out"],
        features=tuple(facts["features"]),
        ranks=tuple(facts["ranks"]),
        similarity=values("similarity"),
        distance=values("distance"),
        noise_floor=values("noise_floor"),
        p_value=values("p_value"),
        samples_needed=values("samples_needed"),
        standard_error=values("standard_error"),
        canonical_correlations=tuple(facts["canonical_correlations"] or ()),
        _json=text,
        _table=table,
    )


def kind_of_samples(text: str) -> tuple[str, int]:
    """What ``samples`` says, and the number of a step."""
    kind, colon, step = _checks.text("samples", text).partition(":")
    if kind == "step":
        is_number = step.isascii() and step.isdigit()
        if not colon or not is_number or int(step) >= 2**63:
            _checks.refuse("samples", "'step:T' with a step's number", text)
        return kind, int(step)
    return text, 0


def _of_arrays(message: str) -> str:
    """The core's message speaks of files and of the program's options."""
    message = message.replace("in both files", "in both arrays").replace(", or --skip", "")
    return re.sub(r"--([a-z-]+)", lambda option: option[1].replace("-", "_"), message)


def set_results(
    options: _core.ResultOptions,
    measures: str | Sequence[str] | None,
    keep_variance: float | None,
    keep_directions: int | None,
    alpha: float | None,
    directions: int | None,
) -> None:
    """Say what is computed from moments; see :func:`compare`."""
    options.measures = [] if measures is None else _checks.texts("measures", measures)
    if keep_variance is not None:
        options.keep_variance = _checks.share("keep_variance", keep_variance, zero=False)
    options.keep_directions = _checks.count_or_none("keep_directions", keep_directions)
    options.alpha = None if alpha is None else _checks.share("alpha", alpha, zero=True)
    options.directions = _checks.count_or_none("directions", directions)


def compare(
    x: Any,
    y: Any,
    *,
    measures: str | Sequence[str] | None = None,
    layout: str = "nc",
    samples: str = "positions",
    positions: int | None = None,
    seed: int = 0,
    mask: Any = None,
    precision: str = "exact",
    standard_errors: int | None = None,
    max_features: int | None = None,
    keep_variance: float | None = None,
    keep_directions: int | None = None,
    alpha: float | None = None,
    directions: int | None = None,
) -> Comparison:
    """Compare the activations of two layers on the same inputs.

    Arrays are read where they lie if they are floating-point numbers in the CPU's memory; Python's
    lock is released meanwhile. Cost: O(samples · features²) and O(features³); memory: O(features²).

    Parameters
    ----------
    x, y
        Arrays of NumPy, PyTorch, JAX, CuPy, or anything with DLPack or the buffer protocol. Both
        have the same inputs in the same order; their features may differ.
    measures
        Names, see :func:`measures`; all of them by default.
    layout
        What the axes mean: ``"nc"``; ``"ncl"``, ``"nchw"``, ``"nhwc"`` or ``"ncdhw"`` of images;
        ``"ntc"`` or ``"tnc"`` of sequences (n inputs, c channels, t steps).
    samples
        What a sample is: ``"positions"`` (every position or step), ``"pooled"``, ``"flattened"``,
        ``"fourier"``, ``"last"`` or ``"step:T"``.
    positions
        A seeded choice of so many positions of each input; all by default.
    seed
        Of that choice.
    mask
        Which steps of sequences are valid: True (1) is valid, over the layout's first two axes, as
        Hugging Face's attention_mask has it. PyTorch's key_padding_mask is the opposite: give
        ``~key_padding_mask``. Or one length for each sequence.
    precision
        ``"exact"`` or ``"fast"`` (products in float32).
    standard_errors
        From so many parts of the samples, usually 10. Needs as many times the memory.
    max_features
        Use a seeded choice of so many features of wider layers.
    keep_variance, keep_directions
        What SVCCA keeps: the fewest directions with this share of the variance (0.99), or exactly
        so many.
    alpha
        Of ``partial_whitening``: 1 is angular, 0 is CCA.
    directions
        Add so many canonical directions to :meth:`Comparison.to_dict`.

    Raises
    ------
    Error
        If an array or an option cannot be used. What the data are like is never an error: it is
        ``status``.
    """
    kind, step = kind_of_samples(samples)
    if kind == "each_step":
        raise Error("samples: expected one result, got 'each_step'; compare x[:, t] with y[:, t]")
    options = _core.CompareOptions()
    set_results(options, measures, keep_variance, keep_directions, alpha, directions)
    options.layout = _checks.text("layout", layout)
    options.samples, options.step = kind, step
    options.positions = _checks.count_or_none("positions", positions)
    options.seed = _checks.whole_number("seed", seed, 0)
    options.mask = None if mask is None else _arrays.mask_values(mask)
    options.precision = _checks.text("precision", precision)
    options.standard_errors = _checks.count_or_none("standard_errors", standard_errors)
    options.max_features = _checks.count_or_none("max_features", max_features)
    arrays = _arrays.readable(x, "x"), _arrays.readable(y, "y")
    try:
        [(text, table)] = _core.compare_arrays(*arrays, "x", "y", options)
    except Error as error:
        raise Error(_of_arrays(str(error))) from None
    return comparison_of(text, table, are_sequences=layout in SEQUENCES)


def measures() -> list[str]:
    """The names of all measures."""
    return _core.measure_names()
