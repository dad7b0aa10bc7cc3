"""The live page of runs, from Python."""

from __future__ import annotations

import html
import os
import weakref
from collections.abc import Sequence
from types import TracebackType

from livecca import _checks, _core
from livecca._errors import Error

_HEIGHT = 720


class Server:
    """The page of runs, as long as it is open; :func:`serve` makes it.

    In a notebook it shows the page, or a link to it if there is a token. As a context manager it
    closes at the end.

    Attributes
    ----------
    url : str
        Where the page is; with the token, if there is one.
    """

    def __init__(self, page: _core.ServedPage) -> None:
        self.url: str = page.url
        # Also when the last name of it goes, and before the interpreter ends.
        self._close = weakref.finalize(self, page.close)

    def close(self) -> None:
        """Hang up on all browsers and free the port. May be called again."""
        self._close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "at" if self._close.alive else "closed, was at"
        return f"<livecca.Server {state} {self.url.partition('?')[0]}>"

    def _repr_html_(self) -> str:
        if not self._close.alive:
            return html.escape(repr(self))
        url = html.escape(self.url)
        if "?" in self.url:  # a frame of another site would not keep the token's cookie
            return f'<a href="{url}" target="_blank" rel="noopener">The live page of livecca</a>'
        return (
            f'<iframe src="{url}" title="livecca" width="100%" '
            f'height="{_HEIGHT}" style="border:0"></iframe>'
        )


def serve(
    run: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    port: int = 0,
    host: str = "127.0.0.1",
    token: str | None = None,
) -> Server:
    """Serve the live page of runs, in progress or finished.

    The page says which layers have settled, how far they are from each reference, and whether the
    numbers can be believed. Two threads of the library's own do the work, without Python's lock.
    Runs are only read.

    Parameters
    ----------
    run
        A run's folder, a folder of runs, or several of them. New runs appear, removed ones go.
    port
        Where to listen; 0 for any port that is free.
    host
        An address of this machine. The default can be reached from this machine alone; another one
        needs a token.
    token
        16 characters or more that each request must have. What is sent is not encrypted.

    Returns
    -------
    Server
        With its ``url`` and ``close()``. In a notebook it shows the page.

    Raises
    ------
    Error
        If there is no such folder, if an option cannot be used, or if the port is taken.

    Examples
    --------
    >>> with livecca.serve("runs") as page:  # doctest: +SKIP
    ...     print(page.url)
    """
    runs = [run] if isinstance(run, (str, os.PathLike)) else run
    if not isinstance(runs, Sequence):
        _checks.refuse("run", "a path or several", run)
    paths = [_checks.path("run", one) for one in runs]
    number = _checks.whole_number("port", port, 0)
    if number > 65535:
        _checks.refuse("port", "0 to 65535", port)
    address = _checks.text("host", host)
    secret = "" if token is None else _checks.text("token", token)
    if token is not None and not secret:
        raise Error("token: expected 16 characters or more, or None, got none")
    return Server(_core.ServedPage(paths, number, address, secret))
