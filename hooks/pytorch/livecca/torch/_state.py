"""A folder of files as tensors, which ride in any checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from livecca._errors import Error


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
