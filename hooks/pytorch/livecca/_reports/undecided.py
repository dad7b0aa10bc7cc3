"""Numbers that cannot be told from those of unrelated data, and how many inputs would do it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from livecca._reports.words import some
from livecca._rows import MeasureRow


def about(count: float) -> str:
    """A count of which only the first two digits are known, rounded up."""
    unit = 10 ** max(0, math.floor(math.log10(max(1.0, count))) - 1)
    return f"{math.ceil(count / unit) * unit:,}"


def undecided_lines(rows: Iterable[MeasureRow]) -> list[str]:
    """A line for the numbers of the probe that more inputs would decide; none for other rows."""
    needed: dict[str, float] = {}
    for row in rows:
        if row.samples_needed is None or row.stream != "probe" or row.reference == "final":
            continue
        name = f"{row.layer} to {row.reference}"
        needed[name] = max(row.samples_needed, needed.get(name, 0))
    if not needed:
        return []
    return [
        f"not told from unrelated data: {some(list(needed))}; about {about(max(needed.values()))} "
        f"inputs would decide {'it' if len(needed) == 1 else 'all of them'}"
    ]
