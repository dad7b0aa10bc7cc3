"""Which mask of a batch is that of a layer."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Union

import torch
from torch import nn

from livecca._errors import Error
from livecca.torch._hearing.masks import (
    KEYS,
    WHAT_1_MEANS,
    Later,
    tells_what_1_means,
    valid_steps_of,
)
from livecca.torch._layers.names import resolve_by_name

# The name of the mask of all layers; or by layer or pattern, and None where no mask counts.
DeclaredMask = Union[str, "Mapping[str, str | None]", None]

# Masks of what the decoder of an encoder–decoder runs on.
_DECODER_KEYS = (
    "decoder_attention_mask",
    "tgt_key_padding_mask",
    "decoder_padding_mask",
    "decoder_lengths",
    "tgt_lengths",
)
USUAL_NAMES = frozenset((*KEYS, *_DECODER_KEYS))
# Names of inputs that only an encoder–decoder has beside those of its encoder.
_DECODER_INPUTS = ("decoder", "tgt", "target", "labels")
# What is inside of these runs on either side.
_CROSS_ATTENTION = frozenset(
    {
        "encoder_attn",
        "encdecattention",
        "crossattention",
        "cross_attn",
        "cross_attention",
        "multihead_attn",
    }
)


def named_in(batch: Any) -> Mapping[str, Any]:
    """The inputs of a batch that have names: those of a mapping, also in a tuple (inputs, …)."""
    if isinstance(batch, (tuple, list)) and len(batch) > 0:
        batch = batch[0]
    return batch if isinstance(batch, Mapping) else {}


def named_arguments(
    network: nn.Module, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> dict[str, Any]:
    """What a network is called with, as far as it has names."""
    found = {**named_in(arguments[0] if arguments else None), **named}
    try:
        signature = inspect.signature(network.forward)
        bound = signature.bind_partial(*arguments, **named).arguments
    except (TypeError, ValueError):
        return found  # the call itself will tell
    for name, value in bound.items():
        if signature.parameters[name].kind not in (
            inspect.Parameter.VAR_POSITIONAL,
            inspect.Parameter.VAR_KEYWORD,
        ):
            found[name] = value
    return found


class BatchMasks:
    """Finds the mask of each layer of one network.

    - a mask that is declared for the layer, by its name
    - else the first of the usual names that the batch has, such as "attention_mask"
    - of an encoder–decoder, the layers of the decoder have a mask of their own, such as
      "decoder_attention_mask". The names of modules say which side a layer is on, or else the sizes
      of the masks. Where neither does, the layer is refused

    Parameters
    ----------
    model
        The network.
    layers
        The names of its watched layers.
    declared
        The name of the mask of all layers, or by layer or pattern.

    Raises
    ------
    Error
        If something is declared for no layer, or a name does not tell what 1 means.
    """

    def __init__(self, model: nn.Module, layers: Sequence[str], declared: DeclaredMask) -> None:
        by_layer = declared if isinstance(declared, Mapping) else {}
        everywhere = None if isinstance(declared, Mapping) else declared
        for name in (everywhere, *by_layer.values()):
            if name is not None and not isinstance(name, str):
                raise Error(f"mask: expected the name of a mask in a batch or None, got {name!r}")
            if name is not None and not tells_what_1_means(name):
                raise Error(
                    f"mask: expected a name that tells what 1 means: {WHAT_1_MEANS}, got {name!r}; "
                    "give the mask such a name in the batches"
                )
        self._declared = resolve_by_name("mask", by_layer, layers)
        self._everywhere = everywhere
        sides = {_side_of(name) for name, _ in model.named_modules()}
        self._has_both_sides = {"encoder", "decoder"} <= sides

    def valid_of(
        self,
        batch: Mapping[str, Any],
        layer: str,
        size: tuple[int, int],
        where: str,
        later: Later = None,
    ) -> torch.Tensor | None:
        """Which steps of a layer's activation are valid.

        Parameters
        ----------
        batch
            What the network runs on, by name.
        layer
            The layer's name.
        size
            Of the activation: (sequences, steps).
        where
            What messages begin with.
        later
            As of from_attention_mask().

        Returns
        -------
        torch.Tensor or None
            bool, sequences × steps. None if all are valid.

        Raises
        ------
        Error
            If the mask is not there, does not fit, or cannot be told from another one.
        """
        if layer in self._declared:
            key = self._declared[layer]
        elif self._everywhere is not None:
            key = self._everywhere
        else:
            key = self._usual_key(batch, layer, size, where)
        if key is None:
            return None
        return valid_steps_of(batch, *size, where, key, later)

    def _usual_key(
        self, batch: Mapping[str, Any], layer: str, size: tuple[int, int], where: str
    ) -> str | None:
        encoder, decoder = _first_of(KEYS, batch), _first_of(_DECODER_KEYS, batch)
        if decoder is None and not (self._has_both_sides and _has_decoder_inputs(batch)):
            return encoder
        is_crossing = _is_in_cross_attention(layer)
        side = None if is_crossing else _side_of(layer)
        if side == "encoder" or (encoder is None and decoder is None):
            return encoder
        if decoder is None:
            raise Error(
                f"{where}: expected a mask of the decoder beside {encoder!r} of the encoder, got "
                f"none; give decoder_attention_mask, or declare mask={{{layer!r}: None}} if all "
                "steps count"
            )
        if side == "decoder":
            return decoder
        fitting = [
            key for key in (encoder, decoder) if key is not None and _fits(batch[key], key, size)
        ]
        if len(fitting) == 2 or (fitting and encoder is None and is_crossing):
            raise Error(
                f"{where}: expected to see from names or sizes whether this layer is of the "
                f"encoder, with the mask {encoder!r}, or of the decoder, with {decoder!r}; declare "
                f"mask={{{layer!r}: {decoder!r}}} or {{{layer!r}: {encoder!r}}}"
            )
        # Where neither fits, the encoder's will say what was expected.
        return fitting[0] if fitting else encoder


def _first_of(keys: tuple[str, ...], batch: Mapping[str, Any]) -> str | None:
    return next((key for key in keys if _is_mask(batch.get(key))), None)


def _is_mask(value: Any) -> bool:
    """Not a number, such as the length of all sequences."""
    return isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0


def _has_decoder_inputs(batch: Mapping[str, Any]) -> bool:
    return any(
        value is not None and str(name).startswith(_DECODER_INPUTS) for name, value in batch.items()
    )


def _side_of(layer: str) -> str | None:
    """Whether a module is of the encoder or the decoder, by the outermost name that tells."""
    for part in layer.lower().split("."):
        encoder = "encoder" in part or part in ("enc", "src")
        decoder = "decoder" in part or part in ("dec", "tgt")
        if encoder != decoder:
            return "encoder" if encoder else "decoder"
    return None


def _is_in_cross_attention(layer: str) -> bool:
    return not _CROSS_ATTENTION.isdisjoint(layer.lower().split(".")[:-1])


def _fits(mask: Any, key: str, size: tuple[int, int]) -> bool:
    shape = tuple(torch.as_tensor(mask).shape)
    return shape == (size[:1] if key.endswith(("length", "lengths")) else size)
