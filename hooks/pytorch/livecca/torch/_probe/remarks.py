"""What a user should know before training. It is told, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from livecca.torch._probe.batches import has_numpy

SAY_HOW = "say how to run the network on a batch: forward=lambda model, batch: …"
SINGLE_INPUTS = (
    "the probe: these look like single inputs, not batches; give images.split(100) or "
    "DataLoader(dataset, batch_size=100)"
)
LABELS_FIRST = (
    "the probe: the first part of a tuple is given to the network, and here the first looks like "
    "labels; put the inputs first, or say forward=lambda model, batch: model(batch[1])"
)


def doubt_of(batch: Any, tensors: Sequence[torch.Tensor], batches: int | None) -> str:
    """What a batch may be instead of one; empty if it looks well.

    Parameters
    ----------
    batch
        The first one.
    tensors
        What the network would run on.
    batches
        How many batches there are; None if that is not known.
    """
    if not tensors:  # a mapping without tensors is often an entry of a dataset
        return SINGLE_INPUTS if isinstance(batch, Mapping) and not has_numpy(batch) else ""
    if isinstance(batch, (tuple, list)) and tensors[0].dim() <= 1:
        others = (part for part in batch[1:] if isinstance(part, torch.Tensor))
        if any(part.dim() > tensors[0].dim() for part in others):
            return LABELS_FIRST
    return SINGLE_INPUTS if are_single_inputs(tensors, batches) else ""


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
