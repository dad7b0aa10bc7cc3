"""What the user should see at once, beside the events of the run."""

from __future__ import annotations

import logging
import re

log = logging.getLogger("livecca")

_MOST = 8


class Warnings:
    """Logs a warning once for each reason, at most 8 reasons; the run's events have them all.

    The warnings module is not used, because a training may turn its warnings into exceptions.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()

    def warn(self, message: str, reason: str) -> None:
        """Logs the message, unless a reason like this one came before: one with other numbers."""
        key = re.sub(r"[0-9]+", "", reason)
        if key in self._told or len(self._told) >= _MOST:
            return
        self._told.add(key)
        log.warning("%s", message)
