"""Which tensor of a module's output is the activation, and whether it can be read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from livecca._errors import Error
from livecca.torch._layers.layers import Layer

OutputSelector = Callable[[Any], Any]

_READABLE = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class Activation:
    """What a layer put out in one pass.

    Attributes
    ----------
    tensor
        The activation as the module made it: its memory, type and device, without its graph. It
        changes if the network works in place, so read or copy it at once.
    valid
        For a packed sequence: which steps are valid, bool of batch × steps on the CPU. The tensor
        is batch × steps × features then, also if the module has steps first. Else None.
    """

    tensor: torch.Tensor
    valid: torch.Tensor | None = None


def activation_of(layer: Layer, output: Any, select: OutputSelector | None = None) -> Activation:
    """The activation in a module's output.

    - a tensor: itself
    - a tuple, list, mapping or dataclass: the first tensor in it that has axes, so not a loss. An
      LSTM's (output, (h, c)) gives its output
    - an output of Hugging Face with last_hidden_state: that one
    - a PackedSequence: its padded sequences in their original order, batch × steps × features, and
      which steps are valid

    float16, bfloat16, float32 and float64 stay what they are. All else is refused.

    Parameters
    ----------
    layer
        The layer, for messages.
    output
        What the module returned.
    select
        A function of the output that returns the tensor, if the rules above do not find it.

    Raises
    ------
    Error
        If there is no such tensor, or if its values cannot be read.
    """
    where = f"layer {layer.name!r}"
    if select is not None:
        output = _selected(where, output, select)
    found = _first_tensor(output)
    if found is None:
        raise Error(
            f"{where}: expected an output with a tensor, got {_describe(output)}; give "
            f"outputs={{{layer.name!r}: lambda output: …}} that returns a tensor"
        )
    if isinstance(found, PackedSequence):
        return _unpacked(where, found)
    _require_readable(where, found)
    return Activation(found.detach().resolve_neg())


def _selected(where: str, output: Any, select: OutputSelector) -> Any:
    try:
        return select(output)
    except Exception as problem:
        raise Error(
            f"{where}: expected the function in outputs= to return a tensor of "
            f"{_describe(output)}, got {type(problem).__name__}: {problem}"
        ) from problem


def _unpacked(where: str, packed: PackedSequence) -> Activation:
    _require_readable(where, packed.data)
    tensor, lengths = pad_packed_sequence(packed, batch_first=True)
    valid = torch.arange(tensor.shape[1], device=lengths.device) < lengths.unsqueeze(1)
    return Activation(tensor.detach(), valid)


def _first_tensor(output: Any) -> torch.Tensor | PackedSequence | None:
    if isinstance(output, (torch.Tensor, PackedSequence)):
        return output
    hidden = getattr(output, "last_hidden_state", None)
    if isinstance(hidden, torch.Tensor):
        return hidden
    for part in _parts_of(output):
        found = _first_tensor(part)
        # A tensor without axes is a loss, which Hugging Face's models put first.
        if found is not None and (isinstance(found, PackedSequence) or found.dim() > 0):
            return found
    return None


def _parts_of(output: Any) -> Iterable[Any]:
    if isinstance(output, Mapping):
        return output.values()
    if isinstance(output, (tuple, list)):
        return output
    if dataclasses.is_dataclass(output) and not isinstance(output, type):
        return [getattr(output, field.name) for field in dataclasses.fields(output)]
    return ()


def _require_readable(where: str, tensor: torch.Tensor) -> None:
    problem = _unreadable(tensor)
    if problem is not None:
        raise Error(f"{where}: expected a dense tensor of floating-point numbers, got {problem}")


def _unreadable(tensor: torch.Tensor) -> str | None:
    """Why livecca cannot read the values of a tensor. None if it can."""
    if tensor.is_nested:
        return "a nested tensor, whose sequences have no common shape; pad it and give a mask"
    if tensor.layout != torch.strided:
        return f"a sparse tensor ({tensor.layout}); select its to_dense()"
    if tensor.is_quantized:
        return f"a quantized tensor ({tensor.dtype}); select its dequantize()"
    if tensor.is_meta:
        return "a meta tensor, which has no values; move the model to a device first"
    if type(tensor).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        return f"a {type(tensor).__name__}, which has no memory of its own; select a plain tensor"
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return "a tensor within torch.func, such as of vmap or grad, which has no memory of its own"
    if tensor.is_complex():
        return f"complex numbers ({tensor.dtype}); select torch.view_as_real() or abs() of it"
    if tensor.dtype not in _READABLE:
        return f"{_dtype_name(tensor)}; select a tensor of float16, bfloat16, float32 or float64"
    return None


def _dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _describe(output: Any) -> str:
    """A few words on an output, for messages."""
    if output is None:
        return "None"
    if isinstance(output, torch.Tensor):
        return f"a {_dtype_name(output)} tensor of shape {tuple(output.shape)}"
    name = type(output).__name__
    if isinstance(output, Mapping):
        return f"a {name} with {', '.join(map(repr, output)) or 'nothing'}"
    if isinstance(output, (tuple, list)):
        return f"a {name} of {', '.join(type(part).__name__ for part in output) or 'nothing'}"
    return f"a {name}"
