"""Arguments as the core takes them.

Each function raises Error in one line: which argument, what was expected, what came. NumPy's
numbers are taken wherever Python's are.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from livecca import _core
from livecca._errors import Error

_LONGEST = 120
_Kind = TypeVar("_Kind")


def refuse(option: str, expected: str, value: object) -> NoReturn:
    """Raises Error."""
    text = " ".join(repr(value).split())
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    raise Error(f"{option}: expected {expected}, got {text}")


def whole_number(option: str, value: Any, least: int = 1) -> int:
    """An int of ``least`` or more that the core can hold."""
    expected = f"a whole number of {least} or more" if least > -(2**63) else "a whole number"
    if isinstance(value, bool):
        refuse(option, expected, value)
    try:
        number = operator.index(value)
    except TypeError:
        refuse(option, expected, value)
    if not least <= number < 2**63:
        refuse(option, expected, value)
    return number


def integer(option: str, value: Any) -> int:
    """An int that the core can hold, negative or not."""
    return whole_number(option, value, -(2**63))


def count_or_none(option: str, value: Any) -> int:
    """A whole number of 1 or more, and 0 for ``None``."""
    return 0 if value is None else whole_number(option, value)


def number(option: str, value: Any) -> float:
    """A float; arrays and tensors of one number are numbers too."""
    if not isinstance(value, (str, bytes, bytearray)):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass
    refuse(option, "a number", value)


def share(option: str, value: Any, *, zero: bool) -> float:
    """A float from 0 to 1."""
    checked = number(option, value)
    if not 0 <= checked <= 1 or (checked == 0 and not zero):
        refuse(option, "a number from 0 to 1", value)
    return checked


def flag(option: str, value: Any) -> bool:
    """A bool."""
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        refuse(option, "True or False", value)
    return bool(value)


def text(option: str, value: Any) -> str:
    """A str."""
    if not isinstance(value, str):
        refuse(option, "a text", value)
    return str(value)


def texts(option: str, value: Any) -> list[str]:
    """One str or several."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Iterable) or isinstance(value, (bytes, Mapping)):
        refuse(option, "names", value)
    return [text(option, one) for one in value]


def whole_numbers(option: str, value: Any, least: int = 1) -> list[int]:
    """Several ints."""
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        refuse(option, "whole numbers such as [1]", value)
    return [whole_number(option, one, least) for one in value]


def path(option: str, value: Any) -> str:
    """The path of a file or folder."""
    try:
        found = os.fspath(value)
    except TypeError:
        refuse(option, "a path", value)
    if not isinstance(found, str) or not found or "\0" in found:
        refuse(option, "a path", value)
    return found


def mapping(option: str, value: Any) -> Mapping[Any, Any]:
    """A mapping; ``None`` is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        refuse(option, "a mapping such as {'name': …}", value)
    return value


def function(option: str, value: Callable[..., Any]) -> Callable[..., Any]:
    """What can be called."""
    if not callable(value):
        refuse(option, "a function", value)
    return value


def of_type(option: str, value: Any, kind: type[_Kind], called: str) -> _Kind:
    """An object of this type."""
    if not isinstance(value, kind):
        refuse(option, called, value)
    return value


def as_the_default(option: str, value: Any, default: Any) -> Any:
    """The value of an option of the core, as the type of its default says."""
    if isinstance(default, bool):
        return flag(option, value)
    if isinstance(default, int):
        return whole_number(option, value, 0)
    if isinstance(default, float):
        return number(option, value)
    if isinstance(default, str):
        return text(option, value)
    if isinstance(default, (_core.Schedule, _core.Window, _core.Pairing)):
        kind = type(default)
        return of_type(option, value, kind, f"a livecca.{kind.__name__}")
    return value
