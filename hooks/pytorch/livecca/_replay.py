"""Other measures of a run, from the activations that it kept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from livecca import _core
from livecca._errors import Error
from livecca._rows import Row, rows_of


def replay(
    run: str | os.PathLike[str],
    *,
    measures: Sequence[str] | None = None,
    references: Mapping[str, str | os.PathLike[str]] | None = None,
    before: Sequence[int] = (),
    start: bool = True,
    final: bool = True,
    standard_errors: int = 0,
    precision: str = "exact",
    keep_variance: float = 0.99,
    pairing: Any = None,
) -> tuple[Row, ...]:
    """Compute measures from a run's history, also such as the run did not compute.

    With the same measures and references the numbers are the run's. The run may be going on.

    Parameters
    ----------
    run
        The run's folder.
    measures
        Names, see :func:`livecca.measures`; by default those of a monitor.
    references
        Recorded networks to compare with: name and pack.
    before
        Also compare with the kept snapshots this many earlier.
    start, final
        Compare with each layer's first and last kept snapshot.
    standard_errors
        From so many parts of the samples; 0 for none.
    precision, keep_variance, pairing
        As of :class:`livecca.Monitor`.

    Returns
    -------
    tuple
        :class:`livecca.MeasureRow` and, for what was not possible, :class:`livecca.EventRow`.

    Raises
    ------
    Error
        If the folder has no readable history, or an option or reference cannot be used.
    """
    options = _core.ReplayOptions()
    try:
        if measures is not None:
            options.measures = list(measures)
        options.references = [(name, os.fspath(path)) for name, path in (references or {}).items()]
        options.before = list(before)
        options.start, options.final = start, final
        options.error_blocks = standard_errors
        options.set_precision(precision)
        options.keep_variance = keep_variance
        if pairing is not None:
            options.pairing = pairing
    except TypeError as reason:
        raise Error(f"replay: expected options of other types ({reason})") from None
    return rows_of(_core.replay(os.fspath(run), options))
