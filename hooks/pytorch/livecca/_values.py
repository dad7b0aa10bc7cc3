"""Numbers by name that cannot be changed."""

from __future__ import annotations

from typing import Any, NoReturn


class Values(dict[str, "float | None"]):
    """A dict that cannot be changed, so that it can be hashed; it can be copied and pickled."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("expected these numbers to be read only; dict(…) makes a copy to change")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return Values, (dict(self),)
