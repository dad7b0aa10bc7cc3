"""The state of a monitor: a folder of files as tensors, which ride in any checkpoint."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from livecca._checks import refuse
from livecca._errors import Error
from livecca._resume import CHECKPOINT
from livecca._rows import OverheadRow
from livecca._run import read_run

_VERSION = 1


def state_of(files: Mapping[str, torch.Tensor], epoch: int) -> dict[str, Any]:
    """What a monitor's state_dict() returns."""
    return {"version": _VERSION, "epoch": epoch, "files": dict(files)}


def require_state(state: Any) -> Mapping[str, Any]:
    """A state as state_of() makes it.

    Raises
    ------
    Error
        If it is something else, such as the whole of what the user saved.
    """
    if not isinstance(state, Mapping):
        refuse("state_dict", "what state_dict() returned", state)
    if not _is_state(state):
        keys = ", ".join(map(repr, state)) or "none"
        within = [key for key, part in state.items() if _is_state(part)]
        remedy = f"give saved[{within[0]!r}]" if within else "give what state_dict() returned"
        raise Error(
            f"state_dict: expected what state_dict() returned, got a mapping with keys {keys}; "
            f"{remedy}"
        )
    if state["version"] != _VERSION:
        raise Error(f"state_dict: expected one of version {_VERSION}, got {state['version']!r}")
    if CHECKPOINT not in state["files"]:
        raise Error(f"state_dict: expected the files of a run, got none called {CHECKPOINT}")
    return state


def _is_state(value: Any) -> bool:
    return isinstance(value, Mapping) and {"version", "files", "epoch"} <= set(value)


@contextmanager
def as_a_folder(files: Mapping[str, torch.Tensor]) -> Iterator[str]:
    """The files in a temporary folder, of which an Error within does not speak."""
    with tempfile.TemporaryDirectory() as folder:
        write_tensors(files, Path(folder))
        try:
            yield folder
        except Error as reason:
            text = str(reason).replace(f"{folder}/", "state_dict: ")
            raise Error(text.replace(folder, "the checkpoint")) from None


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    """The bytes of all files of a folder, by their names in it."""
    files: dict[str, torch.Tensor] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = bytearray(path.read_bytes())
        empty = torch.empty(0, dtype=torch.uint8)
        files[path.relative_to(folder).as_posix()] = (
            torch.frombuffer(data, dtype=torch.uint8) if data else empty
        )
    return files


def write_tensors(files: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Writes the files back.

    Raises
    ------
    Error
        If a name leads out of the folder: a checkpoint of strangers must not write anywhere.
    """
    root = folder.resolve()
    for name, data in files.items():
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise Error(f"state_dict: expected names of files in a folder, got {name!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.cpu().numpy().tobytes())


def next_epoch(run_dir: str) -> int:
    """The epoch after that of a run's last snapshot."""
    rows = read_run(run_dir, spectra=False).of(OverheadRow)
    return rows[-1].epoch + 1 if rows else 0
