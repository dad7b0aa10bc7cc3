"""How a run ended, as text: how far each snapshot was from the last one."""

from __future__ import annotations

from collections.abc import Sequence

from livecca._rows import MeasureRow

_COLUMNS = 8
_NEAR = 0.05


def final_table(measures: Sequence[MeasureRow]) -> str:
    """A line a layer and a column a snapshot, of the run's first measure.

    A layer that is near 0 early has converged early. The last column is what unrelated data of this
    size would have. Of more than 8 snapshots, 8 are shown.

    Parameters
    ----------
    measures
        The numbers with reference ``"final"``, as ``Monitor.finish()`` returns them.
    """
    if not measures:
        return "no distances to the final state: it needs two snapshots\n"
    first = measures[0].measure
    rows = [row for row in measures if row.measure == first]
    times = sorted({(row.step, row.epoch) for row in rows})
    layers = list(dict.fromkeys(row.layer for row in rows))
    of = {(row.layer, row.step, row.epoch): row for row in rows}
    # Several snapshots may have one epoch: then steps name them.
    by_step = len({epoch for _, epoch in times}) < len(times)
    shown = _spread(times)
    heads = [str(step if by_step else epoch) for step, epoch in shown]
    width = max(5, *map(len, layers))
    lines = [
        f"{first} of each snapshot to the final state, by {'step' if by_step else 'epoch'}",
        "",
    ]
    lines.append(f"{'layer':<{width}}" + "".join(f"{head:>8}" for head in heads) + "  unrelated")
    for layer in layers:
        values = [of.get((layer, *time)) for time in shown]
        floor = next((row.noise_floor for row in values if row and row.noise_floor), None)
        numbers = [None if row is None else row.value for row in values]
        cells = "".join(f"{_number(number):>8}" for number in numbers)
        lines.append(f"{layer:<{width}}{cells}{_number(floor):>11}")
    lines.append("")
    if first.endswith("_distance"):
        near = [f"{layer} {_first_near(layer, times, of, by_step)}" for layer in layers]
        unit = "step" if by_step else "epoch"
        lines.append(f"stays within {_NEAR} of the final state from {unit}: {', '.join(near)}")
    return "\n".join(lines + _warnings(rows)) + "\n"


def _spread(times: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first, the last, and some between them at equal distances."""
    if len(times) <= _COLUMNS:
        return list(times)
    gap = (len(times) - 1) / (_COLUMNS - 1)
    return [times[round(i * gap)] for i in range(_COLUMNS)]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _first_near(
    layer: str,
    times: Sequence[tuple[int, int]],
    of: dict[tuple[str, int, int], MeasureRow],
    by_step: bool,
) -> str:
    """Since when all snapshots are near; "the last" if the one before the final one is not."""
    since = "the last"
    for step, epoch in reversed(times):
        row = of.get((layer, step, epoch))
        if row is None or row.value is None or row.value >= _NEAR:
            break
        since = str(step if by_step else epoch)
    return since


def _warnings(rows: Sequence[MeasureRow]) -> list[str]:
    """Layers whose numbers are not to be trusted, a line a reason."""
    layers: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.status != "ok":
            layers.setdefault(row.status, {})[row.layer] = None
    return [f"! {status}: {', '.join(names)}" for status, names in layers.items()]
