"""What a user should know before training. It is told, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

SAY_HOW = "say how to run the network on a batch: forward=lambda model, batch: …"
SINGLE_INPUTS = (
    "the probe: these look like single inputs, not batches; give images.split(100) or "
    "DataLoader(dataset, batch_size=100)"
)
_TOKENS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def part_like_a_mask(batch: Any) -> int:
    """Which part of a tuple (inputs, …) looks like a mask of padding; 0 if none does.

    A mask is of sequences × steps as the inputs are. It is bool, or of integers 0 and 1 whose
    steps of one kind all come first: labels of words are seldom so. One that is the same everywhere
    leaves nothing out.
    """
    if not isinstance(batch, (tuple, list)) or not batch or not isinstance(batch[0], torch.Tensor):
        return 0
    first = batch[0]
    if first.dim() != 3 and not (first.dim() == 2 and first.dtype in _TOKENS):
        return 0  # images and rows of features have no steps
    for number, part in enumerate(batch[1:], 1):
        if isinstance(part, torch.Tensor) and part.shape == first.shape[:2] and _is_mask(part):
            return number
    return 0


def unused_mask(part: int) -> str:
    """What to say of such a part if only the first part is given to the network."""
    return (
        f"the probe: part {part} of a batch looks like a mask of padding, but only the first part "
        "is given to the network, so padding counts as samples; if it is a mask: "
        f"forward=lambda model, batch: model(batch[0], batch[{part}])"
    )


def unknown_mask(part: int) -> str:
    """What to say of such a part if forward= is given, and no layer has a mask."""
    return (
        f"the probe: part {part} of a batch looks like a mask of padding, but no layer has a mask, "
        "so padding counts as samples; if it is a mask, give it a name: batches such as "
        "{'ids': …, 'attention_mask': …}, or this name in the network's forward()"
    )


def _is_mask(part: torch.Tensor) -> bool:
    if part.dtype != torch.bool:
        if part.dtype not in _TOKENS or not bool(((part == 0) | (part == 1)).all()):
            return False
        changes = (part[:, 1:] != part[:, :-1]).sum(1)
        if bool((changes > 1).any()):
            return False
    return bool(part.any()) and not bool(part.all())


def are_single_inputs(tensors: Sequence[torch.Tensor], batches: int | None) -> bool:
    """Whether a batch may be one image, row or sentence. Ask where networks or layers refuse it.

    Parameters
    ----------
    tensors
        Of the first batch; at least one.
    batches
        How many batches there are; None if that is not known.
    """
    if tensors[0].dim() <= 1:
        return True
    shape = tensors[0].shape  # of an image, the first axis has channels or rows
    return len(shape) <= 3 and shape[0] > 1 and batches is not None and batches > shape[0]


def is_of_the_call(reason: Exception, network: nn.Module) -> bool:
    """Whether the network itself refused what it was called with, or cannot be called."""
    text = str(reason)
    if isinstance(reason, NotImplementedError):
        return f'Module [{type(network).__name__}] is missing the required "forward"' in text
    forward = getattr(network.forward, "__qualname__", "forward")
    misfits = (" missing ", "unexpected keyword argument", " positional argument")
    return text.startswith(f"{forward}()") and any(words in text for words in misfits)


def uncompared(*, probe: bool, training: bool, history: bool, networks: bool, packs: bool) -> str:
    """What will have no distances, and why; empty if all that is watched has some.

    Parameters
    ----------
    probe, training
        Whether the stream is watched.
    history
        Whether snapshots are kept, to compare later ones with.
    networks, packs
        Whether there are references that run beside the network, and recorded ones.
    """
    if not (probe and (history or packs)) and not networks:
        why = (
            "keep_history=False leaves nothing of earlier snapshots"
            if probe
            else "the train stream is compared with networks of references= only"
        )
        return f"no layer is compared: {why}, and there are no references; rows have health only"
    if training and not networks:
        return (
            "the train stream is compared with networks of references= only, and there are none: "
            "its rows have health only, no distances"
        )
    return ""
