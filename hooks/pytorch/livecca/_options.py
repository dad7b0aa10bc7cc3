"""The options of a monitor, as the core has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from livecca import _checks, _core
from livecca._errors import Error
from livecca._nearest import nearest
from livecca._reports.snapshot import Snapshot
from livecca._rows import row_of, rows_of
from livecca._sinks import core_sinks

_SETTERS: Mapping[str, str] = {
    "precision": "set_precision",
    "history_precision": "set_history_precision",
}
# What the constructor of Monitor takes beside the fields of the core's options.
_OWN = (
    "run_dir",
    "checkpoint",
    "sinks",
    "notes",
    "on_event",
    "on_snapshot",
    "positions",
    "position_seed",
)
# Fields of the core that the constructor calls otherwise.
_HIDDEN = frozenset({"run_directory"})


def expect_known(names: Iterable[str], more: Iterable[str] = ()) -> None:
    """Raises Error if an option is none of a monitor's, nor of `more` that a hook takes."""
    core = _core.MonitorOptions()
    fields = [name for name in dir(core) if not (name.startswith("_") or name in _HIDDEN)]
    fields = [name for name in fields if not callable(getattr(core, name, print))]
    known = list(dict.fromkeys([*more, *_OWN, *_SETTERS, *fields]))
    for name in names:
        if name not in known:
            raise Error(
                f"{name}: expected an option of Monitor, got one that it does not have; "
                f"{nearest(name, known)}"
            )


def _set(options: _core.MonitorOptions, name: str, value: Any) -> None:
    """Set an option that the core has by this name."""
    if name in _SETTERS:
        getattr(options, _SETTERS[name])(_checks.text(name, value))
    elif name == "measures":
        options.measures = _checks.texts(name, value)
    elif name == "compare_before":
        options.compare_before = _checks.whole_numbers(name, value)
    else:
        setattr(options, name, _checks.as_the_default(name, value, getattr(options, name)))


def _snapshot_of(epoch: int, lines: Sequence[str]) -> Snapshot:
    snapshot = Snapshot(None, epoch)
    snapshot._rows = rows_of(lines)
    return snapshot


def options_of(
    run_dir: Any,
    sinks: Any,
    notes: Any,
    on_event: Any,
    on_snapshot: Any,
    positions: Any,
    position_seed: Any,
    others: Mapping[str, Any],
) -> _core.MonitorOptions:
    """The core's options, of those of :class:`livecca.Monitor`. Raises Error if one is wrong."""
    expect_known(others)
    options = _core.MonitorOptions()
    options.run_directory = _checks.path("run_dir", run_dir)
    options.sinks = core_sinks(sinks)
    given = _checks.mapping("notes", notes)
    options.notes = [(str(name), str(value)) for name, value in given.items()]
    options.set_positions(
        _checks.count_or_none("positions", positions),
        _checks.whole_number("position_seed", position_seed, 0),
    )
    if on_event is not None:
        hear = _checks.function("on_event", on_event)
        options.set_on_event(lambda line: hear(row_of(line)))
    if on_snapshot is not None:
        see = _checks.function("on_snapshot", on_snapshot)
        options.set_on_snapshot(lambda epoch, lines: see(_snapshot_of(epoch, lines)))
    for name, value in others.items():
        _set(options, name, value)
    return options
