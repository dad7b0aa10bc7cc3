"""What looks like a mask of padding and is none, or leaves nothing. It is told; nothing changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch

from livecca._reports.words import some
from livecca.torch._hearing.batch_masks import USUAL_NAMES
from livecca.torch._hearing.masks import tells_what_1_means

_TOKENS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
# These are 0 and then 1 in a sequence of two sentences.
_SENTENCES = ("token_type_ids", "segment_ids", "type_ids")
_SO = "so padding counts as samples"


def part_like_a_mask(batch: Any) -> int:
    """Which part of a tuple (inputs, …) looks like a mask of padding; 0 if none does.

    A mask is of sequences × steps as the inputs are. It is bool, or of integers 0 and 1 whose
    steps of one kind all come first: labels of words are seldom so. One that is the same everywhere
    leaves nothing out.
    """
    if not isinstance(batch, (tuple, list)) or not batch or not isinstance(batch[0], torch.Tensor):
        return 0
    if not _has_steps(batch[0]):
        return 0
    for number, part in enumerate(batch[1:], 1):
        if _is_mask_of(batch[0], part):
            return number
    return 0


def entry_like_a_mask(batch: Mapping[Any, Any]) -> str:
    """The name of an entry of a mapping that looks so; empty if none does.

    Of names that livecca looks for, none is told: who has these knows of masks.
    """
    entries = {name: value for name, value in batch.items() if isinstance(name, str)}
    if not USUAL_NAMES.isdisjoint(entries):
        return ""
    for name, value in entries.items():
        others = (other for key, other in entries.items() if key != name)
        if name not in _SENTENCES and any(_is_mask_of(other, value) for other in others):
            return name
    return ""


def unused_part(part: int) -> str:
    """What to say of a part if only the first part is given to the network."""
    return (
        f"the probe: part {part} of a batch looks like a mask of padding, but only the first part "
        f"is given to the network, {_SO}; if it is a mask: "
        f"forward=lambda model, batch: model(batch[0], batch[{part}])"
    )


def unknown_part(part: int) -> str:
    """What to say of a part if forward= is given, and no layer has a mask."""
    return (
        f"the probe: part {part} of a batch looks like a mask of padding, but no layer has a mask, "
        f"{_SO}; if it is a mask, give it a name: batches such as "
        "{'ids': …, 'attention_mask': …}, or this name in the network's forward()"
    )


def unused_entry(name: str, names: Sequence[str], is_called_by_names: bool) -> str:
    """What to say of an entry of a mapping if no layer has a mask.

    Parameters
    ----------
    name, names
        The entry's name, and those of all inputs.
    is_called_by_names
        Whether the network is called as ``model(**batch)``, so that a new name needs forward=.
    """
    what = f"the probe: {name!r} of a batch looks like a mask of padding, but no layer has a mask"
    if tells_what_1_means(name):
        return f"{what}, {_SO}; if it is a mask: mask={name!r}"
    rename = "call it attention_mask if 1 is valid, or key_padding_mask if True is padding"
    forward = ""
    if is_called_by_names:
        forward = f", and say forward=lambda model, batch: model({_arguments(name, names)})"
    return f"{what}, {_SO}; if it is a mask, {rename}{forward}"


def no_valid_step_in(layers: Collection[str]) -> str:
    """What to say of layers that had no valid step in a batch; empty if there are none."""
    if not layers:
        return ""
    return (
        f"by the mask, a batch of the probe has no valid step, so it gives {some(list(layers))} no "
        "samples; is the mask the other way round? attention_mask is 1 where a step is valid, "
        "key_padding_mask is True where it is padding"
    )


def _arguments(mask: str, names: Iterable[str]) -> str:
    """A call with all entries, of which one has a new name."""
    keys = {name: "attention_mask" if name == mask else name for name in names}
    return ", ".join(f"{name}=batch[{key!r}]" for name, key in keys.items())


def _has_steps(inputs: Any) -> bool:
    """Whether it may be sequences: images and rows of features have no steps."""
    if not isinstance(inputs, torch.Tensor):
        return False
    return inputs.dim() == 3 or (inputs.dim() == 2 and inputs.dtype in _TOKENS)


def _is_mask_of(inputs: Any, part: Any) -> bool:
    if not isinstance(part, torch.Tensor) or not _has_steps(inputs):
        return False
    return part.shape == inputs.shape[:2] and _is_mask(part)


def _is_mask(part: torch.Tensor) -> bool:
    if part.dtype != torch.bool:
        if part.dtype not in _TOKENS or not bool(((part == 0) | (part == 1)).all()):
            return False
        changes = (part[:, 1:] != part[:, :-1]).sum(1)
        if bool((changes > 1).any()):
            return False
    return bool(part.any()) and not bool(part.all())
