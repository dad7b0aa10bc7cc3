"""Events that cost a run its numbers: told when they come, with what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from livecca import _checks
from livecca._reports.words import one_line, without_folder
from livecca._rows import EventRow
from livecca._warnings import log

_LOOK = "look at the learning rate and the inputs"
# What to do about each kind; nothing where the message says it, or nobody can know.
_ADVICE = {
    "nonfinite": f"activations are NaN or infinite, so they have no numbers: {_LOOK}",
    "not_converged": f"activations may be too large for float64: {_LOOK}",
    "other_probe": (
        "every pass must give the same inputs in the same order: shuffle=False, no random "
        "transforms"
    ),
    "rows_differ": "every pass must give the same inputs, positions and masks",
    "training_mode": "forward() must not call train()",
    "epoch_stepped_back": "",
    "budget_short": "",
    "shape_changed": "",
    "over_limit": "",
    "solve_failed": "",
    "window_dropped": "",
    "out_of_memory": "",
    "unreadable": "",
    "reference_refused": "",
    "history_failed": "",
    "write_failed": "",
}


def advised(event: EventRow) -> str:
    """An event's message with what to do about it."""
    advice = _ADVICE.get(event.what, "")
    return f"{event.message}; {advice}" if advice else event.message


class CostlyEvents:
    """What a monitor calls with its events. Logs one warning for each kind, the first.

    The logger "livecca" has it as soon as the event comes, from the monitor's own thread. Nothing
    that goes wrong with logging is raised into that thread.

    Parameters
    ----------
    network
        The name of the trained network.
    on_event
        The user's own function; None if there is none.
    """

    def __init__(self, network: str, on_event: Any = None) -> None:
        hear = None if on_event is None else _checks.function("on_event", on_event)
        self._hear: Callable[[EventRow], Any] | None = hear
        self._network = network
        self._told: set[str] = set()
        self._nonfinite: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, event: EventRow) -> None:
        """Tells it, and calls the user's function."""
        try:
            self._learn(event)
        except Exception:  # a handler of the user's, in a thread that is not
            pass
        if self._hear is not None:
            self._hear(event)

    @property
    def nonfinite(self) -> frozenset[str]:
        """The layers of the trained network that put out what is not finite, at any snapshot."""
        with self._lock:
            return frozenset(self._nonfinite)

    def expect(self, kind: str) -> None:
        """Events of this kind follow from what was told already."""
        with self._lock:
            self._told.add(kind)

    def _learn(self, event: EventRow) -> None:
        if not isinstance(event, EventRow):  # what watching cost comes this way too
            return
        network, _, layer = event.subject.partition("/")
        with self._lock:
            if event.what == "nonfinite" and network == self._network:
                self._nonfinite.add(layer)
            if event.what not in _ADVICE or event.what in self._told:
                return
            self._told.add(event.what)
        said = one_line(without_folder(advised(event)))
        log.warning("livecca: %s, %s: %s", event.what, event.subject, said)
