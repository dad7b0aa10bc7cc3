"""Which steps of a batch of sequences are valid: masks of several conventions as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Union

import torch

from livecca._errors import Error

# In the order in which a batch is searched. A batch may hold a mask and the lengths, too.
KEYS = (
    "attention_mask",
    "src_key_padding_mask",
    "key_padding_mask",
    "padding_mask",
    "lengths",
    "length",
)


_ENDINGS = ("attention_mask", "padding_mask", "length", "lengths")
WHAT_1_MEANS = (
    "…attention_mask (1 is valid), …padding_mask (True is padding) or …lengths (numbers of valid "
    "steps)"
)


def tells_what_1_means(name: str) -> bool:
    """Whether the kind of a mask follows from its name."""
    return name.endswith(_ENDINGS)


@dataclass(frozen=True)
class Check:
    """Something that must hold of a mask whose values lie on a device: looking at once would wait.

    Attributes
    ----------
    holds
        A bool without axes, on the device.
    problem
        What is wrong if it does not hold.
    """

    holds: torch.Tensor
    problem: str

    def expect(self) -> None:
        """Raises Error if it does not hold. Waits for the device."""
        if not bool(self.holds):
            raise Error(self.problem)


# Takes what is to be checked later. Without it everything is checked at once.
Later = Union["list[Check]", None]


def _expect(holds: torch.Tensor, problem: Callable[[], str], later: Later) -> None:
    """`problem` makes the message, and may look at values if they are not on a device."""
    if later is not None and holds.device.type != "cpu":
        later.append(Check(holds, problem()))
    elif not bool(holds):
        raise Error(problem())


def from_attention_mask(
    mask: torch.Tensor, where: str = "attention_mask", later: Later = None
) -> torch.Tensor:
    """Valid steps from a mask as Hugging Face has it: 1 or True is valid, 0 or False is padding.

    Parameters
    ----------
    mask
        batch × steps, of any number type. Padding may be on the left, the right or within.
    where
        What messages begin with.
    later
        Takes the checks of values that lie on a device; without it this waits for them.

    Returns
    -------
    torch.Tensor
        bool, batch × steps, on the mask's device.

    Raises
    ------
    Error
        If it has another number of axes or other values than 0 and 1.
    """
    _expect_two_axes(mask, where)
    valid = mask == 1
    problem = f"{where}: expected 1 for valid steps and 0 for padding, got other values"
    _expect((valid | (mask == 0)).all(), lambda: problem, later)
    return valid


def from_padding_mask(
    mask: torch.Tensor, where: str = "src_key_padding_mask", later: Later = None
) -> torch.Tensor:
    """Valid steps from a mask as torch.nn.Transformer has it: True or -inf is padding.

    Parameters and returns are those of from_attention_mask(). Numbers must be 0 and -inf, since a
    mask of 0 and 1 is most often one of Hugging Face, with the opposite meaning.
    """
    _expect_two_axes(mask, where)
    if mask.dtype == torch.bool:
        return ~mask
    problem = (
        f"{where}: expected True for padding, or 0 and -inf, got numbers; use attention_mask "
        "if 1 is valid"
    )
    if not mask.is_floating_point():
        raise Error(problem)
    _expect(((mask == 0) | (mask == -torch.inf)).all(), lambda: problem, later)
    return mask == 0


def from_lengths(
    lengths: torch.Tensor | list[int],
    steps: int,
    padding: str = "right",
    where: str = "lengths",
    later: Later = None,
) -> torch.Tensor:
    """Valid steps from the number of valid steps of each sequence.

    Parameters
    ----------
    lengths
        A whole number a sequence, 0 to `steps`.
    steps
        The number of steps with padding.
    padding
        "right" or "left": the side of the padding.
    where
        What messages begin with.
    later
        As of from_attention_mask().

    Returns
    -------
    torch.Tensor
        bool, batch × steps, on the device of `lengths`.
    """
    counts = torch.as_tensor(lengths)
    whole = not (counts.is_floating_point() or counts.is_complex() or counts.dtype == torch.bool)
    if counts.dim() != 1 or not (whole or counts.numel() == 0):
        raise Error(f"{where}: expected a whole number for each sequence, got {_describe(counts)}")

    def problem() -> str:
        on_cpu = counts.device.type == "cpu"
        got = f"{int(counts.min())} to {int(counts.max())}" if on_cpu else "others"
        return f"{where}: expected lengths from 0 to the activation's {steps} steps, got {got}"

    _expect(((counts >= 0) & (counts <= steps)).all(), problem, later)
    if padding not in ("right", "left"):
        raise Error(f"{where}: expected padding 'right' or 'left', got {padding!r}")
    valid = torch.arange(steps, device=counts.device) < counts.unsqueeze(1)
    return valid if padding == "right" else valid.flip(1)


def valid_steps_of(
    batch: Any,
    sequences: int,
    steps: int,
    where: str,
    key: str | None = None,
    later: Later = None,
) -> torch.Tensor | None:
    """Which steps of an activation are valid, by what its batch holds.

    The kind of a mask follows from its name. "…attention_mask" is 1 for valid; "…padding_mask" is
    True for padding; "…length" or "…lengths" are numbers of valid steps, padded on the right.

    Parameters
    ----------
    batch
        A batch. If it is a mapping, it may hold a mask; else there is none.
    sequences, steps
        The extents of the activation.
    where
        What messages begin with, e.g. "layer 'encoder'".
    key
        The mask's name in the batch. Without one, the first of attention_mask,
        src_key_padding_mask, key_padding_mask, padding_mask, lengths and length.
    later
        As of from_attention_mask().

    Returns
    -------
    torch.Tensor or None
        bool, sequences × steps, also for layout tnc. None if the batch holds no mask.

    Raises
    ------
    Error
        If the mask does not fit the activation, or is none.
    """
    if not isinstance(batch, Mapping):
        if key is not None:
            raise Error(f"{where}: expected a batch with {key!r}, got a {type(batch).__name__}")
        return None
    if key is None:
        key = next((name for name in KEYS if batch.get(name) is not None), None)
        if key is None:
            return None
    if batch.get(key) is None:
        names = ", ".join(map(str, batch)) or "no names"
        raise Error(f"{where}: expected a mask {key!r}, got a batch with {names}")
    valid = _from_named(key, batch[key], steps, f"{where}: {key}", later)
    check_valid_steps(valid, sequences, steps, f"{where}: {key}")
    return valid


def check_valid_steps(valid: torch.Tensor, sequences: int, steps: int, where: str) -> None:
    """Raises Error if a mask is not for this many sequences and steps."""
    shape = tuple(valid.shape)
    if valid.dtype != torch.bool or valid.dim() != 2:
        raise Error(f"{where}: expected bool of batch × steps, got {_describe(valid)}")
    if shape == (sequences, steps):
        return
    own = "give this layer its own mask by mask={layer: name}, with None if all steps count"
    hint = "transpose it" if shape == (steps, sequences) else own
    raise Error(
        f"{where}: expected {sequences} sequences × {steps} steps as the activation has, got "
        f"{shape[0]} × {shape[1]}; {hint}"
    )


def _from_named(key: str, mask: Any, steps: int, where: str, later: Later) -> torch.Tensor:
    if key.endswith(("length", "lengths")):
        return from_lengths(mask, steps, where=where, later=later)
    mask = torch.as_tensor(mask)
    if key.endswith("padding_mask"):
        return from_padding_mask(mask, where, later)
    if key.endswith("attention_mask"):
        return from_attention_mask(mask, where, later)
    raise Error(f"{where}: expected a name that tells what 1 means: {WHAT_1_MEANS}")


def _expect_two_axes(mask: torch.Tensor, where: str) -> None:
    if mask.dim() != 2:
        raise Error(f"{where}: expected a mask of batch × steps, got {_describe(mask)}")


def _describe(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
