"""Words of others and lists of names, short enough for a line of a report."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MOST_NAMES = 8


def one_line(text: str, most: int = 500) -> str:
    """A message of others as one line that is not endless."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def some(names: Sequence[str]) -> str:
    """Not more names than a line has room for."""
    if len(names) <= _MOST_NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} others"


def without_folder(message: str) -> str:
    """A message that begins with a file, whose folder says nothing to the reader of a report."""
    return re.sub(r"^[^:]*[/\\]([^/\\:]+\.safetensors: )", r"\1", message)
