"""Other measures of a run, from the activations that it kept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from livecca import _checks, _core
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
    if measures is not None:
        options.measures = _checks.texts("measures", measures)
    options.references = [
        (_checks.text("references", name), _checks.path(f"references[{name!r}]", pack))
        for name, pack in _checks.mapping("references", references).items()
    ]
    options.before = _checks.whole_numbers("before", before)
    options.start, options.final = _checks.flag("start", start), _checks.flag("final", final)
    options.error_blocks = _checks.whole_number("standard_errors", standard_errors, 0)
    options.set_precision(_checks.text("precision", precision))
    options.keep_variance = _checks.number("keep_variance", keep_variance)
    if pairing is not None:
        options.pairing = _checks.as_the_default("pairing", pairing, options.pairing)
    return rows_of(_core.replay(_checks.path("run", run), options))
