"""What can be a probe at all: refused before training, not at the first snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence
from torch.utils.data import (
    DataLoader,
    Dataset,
    RandomSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from livecca._errors import Error


def require_batches(batches: Any, *, are_arrays_read: bool = False) -> None:
    """Raises Error if it is not something of batches.

    Parameters
    ----------
    batches
        What the user gave.
    are_arrays_read
        Whether the user's own functions may turn NumPy's arrays into tensors.
    """
    is_array = _is_numpy(batches) and not are_arrays_read
    is_one = is_array or isinstance(batches, (torch.Tensor, Mapping, str))
    if is_one or not isinstance(batches, Iterable):
        raise Error(
            f"probe: expected batches, e.g. a list or a DataLoader, got {describe(batches)}; "
            f"{_way_to_batches(batches)}"
        )
    if isinstance(batches, Iterator):
        raise Error(
            "probe: expected batches that can be iterated at every epoch, got a "
            f"{type(batches).__name__}, which can be used once; give a list or a DataLoader"
        )
    if length_of(batches) == 0:
        raise Error("probe: expected at least one batch, got none")
    if _are_parts_of_one(batches):
        count = length_of(batches)
        raise Error(
            f"probe: expected batches, got {count} tensors of equal length, which look like the "
            "parts of one batch; give [(images, labels)] or images.split(100)"
        )


def _are_parts_of_one(batches: Any) -> bool:
    """Whether it is (inputs, labels) instead of batches, whose tensors would be alike."""
    if not isinstance(batches, (tuple, list)) or isinstance(batches, PackedSequence):
        return False
    if len(batches) < 2 or not all(isinstance(part, torch.Tensor) for part in batches):
        return False
    if any(part.is_nested or part.dim() == 0 for part in batches):
        return False
    kinds = {(part.dim(), part.dtype) for part in batches}
    return len(kinds) > 1 and len({len(part) for part in batches}) == 1


def _way_to_batches(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return "give x.split(250)"
    if isinstance(value, Dataset):
        return "give DataLoader(dataset, batch_size=100)"
    if _is_numpy(value):
        return "give torch.from_numpy(x).split(250)"
    return "give [batch]"


def require_fixed_order(loader: DataLoader[Any]) -> None:
    """Raises Error if a loader shuffles."""
    for sampler in (loader.sampler, getattr(loader.batch_sampler, "sampler", None)):
        has_switch = getattr(sampler, "shuffle", False) is True  # as that of several processes
        if has_switch or isinstance(sampler, (SubsetRandomSampler, WeightedRandomSampler)):
            remedy = "give that shuffle=False" if has_switch else "drop the sampler"
        elif isinstance(sampler, RandomSampler):
            remedy = "give it shuffle=False and no sampler"
        else:
            continue
        raise Error(
            "probe: expected the same order at every pass, got a DataLoader with a "
            f"{type(sampler).__name__} that shuffles; {remedy}"
        )


def length_of(batches: Any) -> int | None:
    """How many batches there are; None if that is not known."""
    try:
        return len(batches)
    except TypeError:
        return None  # such as a loader of a stream


def has_numpy(value: Any) -> bool:
    """Whether there are arrays of NumPy in a value."""
    if isinstance(value, Mapping):
        return any(map(has_numpy, value.values()))
    if isinstance(value, (tuple, list)):
        return any(map(has_numpy, value))
    return _is_numpy(value)


def _is_numpy(value: Any) -> bool:
    # By name: PyTorch runs where NumPy is not installed.
    return type(value).__module__ == "numpy" and type(value).__name__ == "ndarray"


def describe(value: Any) -> str:
    """A value that is not what was expected, in a few words."""
    if isinstance(value, torch.Tensor):
        return f"one tensor of shape {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return f"one mapping with {', '.join(map(repr, value)) or 'nothing'}"
    if _is_numpy(value):
        return f"a NumPy array of shape {value.shape}"
    return f"a {type(value).__name__}"
