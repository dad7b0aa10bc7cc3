"""Suggestions for typos in names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of an error message: up to three of `names` that look like `name`."""
    known = list(names)
    bare = name.replace("*", "").replace("?", "")
    found = difflib.get_close_matches(bare, known, n=3, cutoff=0.5)
    found += [other for other in known if bare and bare in other and other not in found]
    if found:
        return "the nearest names are " + ", ".join(repr(other) for other in found[:3])
    if not known:
        return "there are none"
    some = ", ".join(repr(other) for other in known[:3])
    return f"the names are {some}" + (f", … ({len(known)} in all)" if len(known) > 3 else "")
