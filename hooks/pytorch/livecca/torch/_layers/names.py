"""Names of layers: patterns for them, and options declared by pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from livecca._errors import Error
from livecca._nearest import nearest

T = TypeVar("T")


def is_pattern(name: str) -> bool:
    """Whether a name has a wildcard, `*` or `?`."""
    return "*" in name or "?" in name


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of names: `*` is any text, dots too, and `?` is one character, as in Pairing."""
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(letter, re.escape(letter)) for letter in pattern), re.S)


def resolve_by_name(option: str, declared: Mapping[str, T], names: Sequence[str]) -> dict[str, T]:
    """What a mapping of names and patterns says about each layer.

    The layer's own name goes first, then the first pattern that matches, in the mapping's order.

    Parameters
    ----------
    option
        What messages begin with, e.g. "readings".
    declared
        From a layer's name or a pattern of names to anything.
    names
        The names of the watched layers.

    Returns
    -------
    dict
        From the names of layers that something is declared for, to what is declared.

    Raises
    ------
    Error
        If an entry matches no layer, since that is a typo.
    """
    resolved: dict[str, T] = {}
    known = set(names)
    by_pattern: list[tuple[re.Pattern[str], T]] = []
    for key, value in declared.items():
        if not isinstance(key, str):
            raise Error(f"{option}: expected names of layers as keys, got {key!r}")
        if is_pattern(key):
            pattern = compile_pattern(key)
            if not any(pattern.fullmatch(name) for name in names):
                raise _matches_none(option, key, names)
            by_pattern.append((pattern, value))
        elif key in known:
            resolved[key] = value
        else:
            raise _matches_none(option, key, names)
    for name in names:
        for pattern, value in by_pattern:
            if name not in resolved and pattern.fullmatch(name):
                resolved[name] = value
    return resolved


def _matches_none(option: str, key: str, names: Sequence[str]) -> Error:
    return Error(
        f"{option}: expected the name of a watched layer or a pattern, got {key!r}, which matches "
        f"none; {nearest(key, names)}"
    )
