"""The fixed inputs over which networks are compared, and how a network runs on them."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence
from torch.utils.data import DataLoader

from livecca._errors import Error
from livecca._warnings import log
from livecca.torch._layers.layers import without_wrappers
from livecca.torch._probe.batches import (
    describe,
    has_numpy,
    length_of,
    require_batches,
    require_fixed_order,
)
from livecca.torch._probe.masks import (
    entry_like_a_mask,
    part_like_a_mask,
    unknown_part,
    unused_entry,
    unused_part,
)
from livecca.torch._probe.remarks import SAY_HOW, doubt_of, is_of_the_call

Forward = Callable[[nn.Module, Any], Any]

# What Hugging Face's models take to compute a loss. Without them, they compute activations only.
_LABELS = frozenset(
    {"labels", "label", "label_ids", "start_positions", "end_positions", "next_sentence_label"}
)


@dataclass(frozen=True)
class ProbeBatch:
    """One batch of a probe.

    Attributes
    ----------
    value
        The batch as the caller's inputs gave it, with copies of its tensors on the model's device.
        An object of another type stays as it is: `forward` may move it.
    inputs
        The tensors that tell this probe from another: the inputs of the network, in their order,
        without labels; with `forward`, which may use any of them, all tensors of the batch. On the
        device that the caller's inputs were on.
    """

    value: Any
    inputs: tuple[torch.Tensor, ...]


class Probe:
    """A fixed set of inputs in batches.

    A batch is one of these, and the network runs as

    - a tensor or a PackedSequence: ``model(batch)``
    - a tuple or list, inputs first: ``model(batch[0])``; ``model(**batch[0])`` if that is a mapping
    - a mapping: ``model(**batch)`` without the labels ("labels", "label", "label_ids",
      "start_positions", "end_positions", "next_sentence_label"), so that no loss is computed

    Nothing else is left out: a key that the model does not know is an error of the model, as a
    misspelt "attention_mask" must be. For all other batches and models, give `forward`.

    Every pass must see the same inputs in the same order. So one-time iterators are refused, and
    so are loaders that shuffle. Batches may have different sizes. Iterate within
    leaves_no_trace(): a DataLoader draws a random number when its iteration begins.

    Parameters
    ----------
    batches
        Anything that can be iterated again and again: a list of tensors, ``images.split(250)``, a
        DataLoader. It must not change.
    forward
        A function of the model and a batch that runs the model: ``lambda model, batch:
        model.encode(batch["image"])``. What it returns is not used.
    inputs_of
        A function of a batch that returns the tensors of ProbeBatch.inputs, where a batch holds
        them in another way than those above, or holds others that change at every pass.

    Attributes
    ----------
    remark
        What passes so far have shown of the batches, which the logger "livecca" tells once: a part
        that looks like a mask and is not used. Empty if nothing.

    Raises
    ------
    Error
        If there is no batch, or if the batches cannot be iterated twice alike.
    """

    def __init__(
        self,
        batches: Iterable[Any],
        *,
        forward: Forward | None = None,
        inputs_of: Callable[[Any], Any] | None = None,
    ) -> None:
        require_batches(batches, are_arrays_read=inputs_of is not None)
        if isinstance(batches, DataLoader):
            require_fixed_order(batches)
        self._batches = batches
        self._forward = forward
        self._inputs_of = inputs_of
        self.remark = ""
        self._doubt: str | None = None  # not known yet
        self._was_seen = False  # a whole pass
        self._mask_part = 0  # which part of a batch may be a mask
        self._mask_entry = ""  # what to say of an entry that may be one

    def batches(self, model: nn.Module) -> Iterator[ProbeBatch]:
        """All batches in order, copied to the device of the model's first parameter.

        The copies keep the caller's inputs as they are if a network works in place. Raises Error if
        there is no batch.
        """
        device = device_of(model)
        empty = True
        with _kept_generator(self._batches):
            for batch in self._batches:
                empty = False
                if not self._was_seen:
                    with suppress(RuntimeError):  # tensors without a shape, such as nested ones
                        self._look_at(batch)
                yield ProbeBatch(copied(batch, device), self._inputs(batch))
        self._was_seen = True
        if empty:
            raise Error(
                "probe: expected at least one batch, got none; give inputs that can be iterated "
                "again and again, e.g. a list"
            )

    def run(self, model: nn.Module, batch: Any) -> Any:
        """Runs a model on the value of a batch and returns what it returns.

        Runs the network inside DistributedDataParallel, which would send buffers around, and
        inside torch.compile, whose code does not call hooks.
        """
        network = without_wrappers(model)
        if self._forward is not None:
            return self._forward(network, batch)
        if _is_tuple_of_inputs(batch) and len(batch) > 0:
            batch = batch[0]
        try:
            if isinstance(batch, Mapping):
                return network(**{key: value for key, value in batch.items() if key not in _LABELS})
            if _is_input(batch):
                return network(batch)
        except (TypeError, NotImplementedError) as reason:
            if not is_of_the_call(reason, network):
                raise
            raise type(reason)(f"{reason}; {SAY_HOW}") from reason
        raise Error(
            "probe: expected batches of tensors, tuples (inputs, …) or mappings, got "
            f"{describe(batch)}; {SAY_HOW}"
        )

    @property
    def doubt(self) -> str:
        """What to say if the network or a layer refuses the batches: what they look like.

        Empty if they look well, and before the first pass.
        """
        return self._doubt or ""

    def _look_at(self, batch: Any) -> None:
        """Guesses what a batch is, and tells once what the default forward leaves out."""
        if self._doubt is None:
            inputs = batch[:1] if _is_tuple_of_inputs(batch) else batch
            self._doubt = doubt_of(batch, list(_tensors_of(inputs)), length_of(self._batches))
        self._mask_part = self._mask_part or part_like_a_mask(batch)
        if self._forward is None and self._mask_part:
            self._tell(unused_part(self._mask_part))
        named = batch[0] if _is_tuple_of_inputs(batch) and len(batch) > 0 else batch
        if not self._mask_entry and isinstance(named, Mapping):
            inputs = {key: value for key, value in named.items() if key not in _LABELS}
            if entry := entry_like_a_mask(inputs):
                self._mask_entry = unused_entry(entry, list(inputs), self._forward is None)

    def tell_no_mask(self) -> None:
        """Tells once, after a batch in which no layer of sequences had a mask, if one is likely."""
        if self._mask_entry:
            self._tell(self._mask_entry)
        elif self._forward is not None and self._mask_part:
            self._tell(unknown_part(self._mask_part))

    def _tell(self, remark: str) -> None:
        if not self.remark:
            self.remark = remark
            log.warning("livecca: %s", remark)

    def _inputs(self, batch: Any) -> tuple[torch.Tensor, ...]:
        if self._inputs_of is not None:
            found = tuple(_tensors_of(self._inputs_of(batch)))
        elif self._forward is not None:
            found = tuple(_tensors_of(batch, labels=True))
        elif _is_tuple_of_inputs(batch):
            found = tuple(_tensors_of(batch[:1]))
        else:
            found = tuple(_tensors_of(batch))
        if not found and has_numpy(batch):
            raise Error(
                "probe: expected tensors of torch in a batch, got NumPy arrays; give "
                "torch.from_numpy(array)"
            )
        if not found:
            raise Error(
                f"probe: expected tensors in a batch, got {describe(batch)}; give "
                "livecca.torch.Probe(batches, forward=…, inputs_of=lambda batch: …) that returns "
                "them"
            )
        return found


def probe_of(probe: Probe | Iterable[Any] | None, forward: Forward | None) -> Probe | None:
    """The probe that a user gave, as one or as batches."""
    if probe is None or isinstance(probe, Probe):
        if forward is not None:
            raise Error("forward: expected it with probe=batches; give it to Probe(…) instead")
        return probe
    return Probe(probe, forward=forward)


def device_of(model: nn.Module) -> torch.device | None:
    """The device of a model's first parameter, or else buffer. None if it has neither."""
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            if tensor.is_meta:
                raise Error("model: expected parameters with values, got some on device meta")
            return tensor.device
    return None


@contextmanager
def _kept_generator(batches: Any) -> Iterator[None]:
    """Gives a DataLoader's own generator its state back: iter() draws from it."""
    generator = getattr(batches, "generator", None)
    if not isinstance(generator, torch.Generator):
        yield
        return
    state = generator.get_state()
    try:
        yield
    finally:
        generator.set_state(state)


def _is_input(batch: Any) -> bool:
    """A tensor, or a tuple that is one input, such as a PackedSequence."""
    return isinstance(batch, (torch.Tensor, PackedSequence))


def _is_tuple_of_inputs(batch: Any) -> bool:
    """A tuple or list (inputs, …) with other things behind."""
    return isinstance(batch, (tuple, list)) and not _is_input(batch)


def copied(value: Any, device: torch.device | None) -> Any:
    """A copy of the tensors in a value, on a device; None: on their own.

    Goes into tuples, lists, mappings and dataclasses. All else is as it is: what an object's own
    to() does is not known, and that of a module would move the caller's.
    """
    if isinstance(value, torch.Tensor):
        return value.to(device=device, copy=True) if device is not None else value.clone()
    if isinstance(value, PackedSequence):
        data, batch_sizes, *orders = value  # sizes belong on the CPU
        return PackedSequence(
            copied(data, device), batch_sizes, *(copied(order, device) for order in orders)
        )
    if isinstance(value, Mapping):
        return {key: copied(part, device) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(copied(part, device) for part in value))
    if isinstance(value, (tuple, list)):
        return type(value)(copied(part, device) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        other = copy.copy(value)
        for field in dataclasses.fields(value):
            part = copied(getattr(value, field.name), device)
            object.__setattr__(other, field.name, part)  # also where it is frozen
        return other
    return value


def _tensors_of(value: Any, *, labels: bool = False) -> Iterator[torch.Tensor]:
    """The tensors in a value, as copied() goes through it; without labels of mappings, or with."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, PackedSequence):
        yield from pad_packed_sequence(value, batch_first=True)  # a row for each sequence
    elif isinstance(value, Mapping):
        for key, part in value.items():
            if labels or key not in _LABELS:
                yield from _tensors_of(part, labels=labels)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors_of(part, labels=labels)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _tensors_of(getattr(value, field.name), labels=labels)
