"""Whether a run goes on or begins."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livecca._errors import Error
from livecca._warnings import log

_RUN = ("rows.jsonl", "history")  # what makes a folder one of a run
CHECKPOINT = "monitor.json"  # what makes a folder of save() whole
_KEEP_BOTH = "a checkpoint goes on with the run's folder, so keep both, and give that folder"


def holds_a_run(run_dir: str | os.PathLike[str]) -> bool:
    """Whether a run was begun in this folder."""
    return any(Path(run_dir, name).exists() for name in _RUN)


def saved_in(checkpoint: str | os.PathLike[str]) -> bool:
    """Whether save() wrote a whole checkpoint into this folder.

    Raises
    ------
    Error
        If it is no folder: it would never be one.
    """
    path = Path(checkpoint)
    if path.exists() and not path.is_dir():
        raise Error(f"checkpoint: expected the folder that save() writes, got the file {path}")
    return (path / CHECKPOINT).exists()


@contextmanager
def going_on(
    run_dir: str | os.PathLike[str], checkpoint: str | os.PathLike[str] | None
) -> Iterator[None]:
    """Says of a run that is not that of the checkpoint what to do.

    Raises
    ------
    Error
        If the folder holds no run, or what is done within finds another one there.
    """
    if checkpoint is None:
        yield
        return
    if not Path(run_dir, _RUN[0]).exists():
        raise Error(
            f"run_dir: expected the folder of the run that the checkpoint was saved from, got "
            f"{run_dir}, which holds no run; {_KEEP_BOTH}"
        )
    try:
        yield
    except Error as reason:
        if "got another run's" not in str(reason):
            raise
        raise Error(f"run_dir: {reason}; {_KEEP_BOTH}") from None


def set_run_aside(run_dir: str | os.PathLike[str]) -> None:
    """Makes room for a run: one that no checkpoint goes on from is moved to ``earlier-1``, ….

    Nothing of it is lost. Other files of the folder stay where they are.

    Raises
    ------
    Error
        If another monitor writes that run.
    """
    folder = Path(run_dir)
    if not holds_a_run(folder):
        return
    rows = folder / _RUN[0]
    with open(rows if rows.exists() else os.devnull, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Error(
                f"run_dir: expected a folder that no other monitor writes, got {folder}, which one "
                "does; name another"
            ) from None
        number = 1
        while (folder / f"earlier-{number}").exists():
            number += 1
        earlier = folder / f"earlier-{number}"
        earlier.mkdir()
        for name in (*_RUN, "tensorboard"):
            if (folder / name).exists():
                (folder / name).rename(earlier / name)
    log.warning(
        "livecca: %s held a run without a checkpoint to go on from; it was moved to %s",
        folder,
        earlier,
    )
