"""The networks of a monitor: the trained one, and those that run beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from torch import nn

from livecca._errors import Error
from livecca.torch._hearing.batch_masks import DeclaredMask
from livecca.torch._hearing.hearing import Ears
from livecca.torch._layers.layers import Layer, Selector, select_layers
from livecca.torch._layers.names import compile_pattern
from livecca.torch._layers.outputs import OutputSelector
from livecca.torch._layers.readings import DeclaredReading
from livecca.torch._passes import Watched
from livecca.torch._references import Reference, error_of, network_of, require_name

_T = TypeVar("_T")
_OTHER_NAMES = (
    'if its layers have other names: references={{{!r}: (network, ["features.*"])}} and '
    'pairing=livecca.Pairing.by_patterns([("conv*", "features.*")])'
)


@dataclass(frozen=True)
class Declared:
    """What the user said of layers, of whatever network: see :class:`livecca.torch.Monitor`."""

    readings: Mapping[str, DeclaredReading] | None
    outputs: Mapping[str, OutputSelector] | None
    mask: DeclaredMask


@dataclass(frozen=True)
class Networks:
    """The trained network, the networks beside it, and the packs by name."""

    trained: Watched
    references: tuple[Watched, ...]
    packs: Mapping[str, str]


def networks_of(
    name: str,
    model: nn.Module,
    layers: Selector | Sequence[Selector],
    exclude: Selector | Sequence[Selector],
    references: Mapping[str, Reference | tuple[Reference, Any]],
    declared: Declared,
) -> Networks:
    """Selects the layers of all networks.

    Parameters
    ----------
    name
        What the trained network is called.
    model, layers, exclude, references, declared
        As of :class:`livecca.torch.Monitor`.

    Raises
    ------
    Error
        If a reference cannot be used, or a selector or a declaration matches no layer.
    """
    found = [(name, model, select_layers(model, layers, exclude))]
    packs: dict[str, str] = {}
    for other, given in references.items():
        require_name(other, name)
        reference, chosen, left_out = (
            (*given, ())
            if isinstance(given, tuple) and len(given) == 2
            else (given, layers, exclude)
        )
        network = network_of(other, reference, model)
        if network is None:
            packs[other] = os.fspath(cast(str, reference))
            continue
        with error_of(other):
            try:
                found.append((other, network, select_layers(network, chosen, left_out)))
            except Error as reason:
                if chosen is not layers:
                    raise
                raise Error(f"{reason}; {_OTHER_NAMES.format(other)}") from reason
    everywhere = [layer for _, _, of_one in found for layer in of_one]
    watched = []
    for one, network, of_one in found:
        ears = Ears(
            network,
            of_one,
            readings=_of_these(declared.readings, of_one, everywhere),
            outputs=_of_these(declared.outputs, of_one, everywhere),
            mask=(
                _of_these(declared.mask, of_one, everywhere)
                if isinstance(declared.mask, Mapping)
                else declared.mask
            ),
        )
        watched.append(Watched(one, network, ears))
    return Networks(watched[0], tuple(watched[1:]), packs)


def _of_these(
    declared: Mapping[str, _T] | None, layers: Sequence[Layer], everywhere: Sequence[Layer]
) -> dict[str, _T]:
    """What is declared for these layers, or for none at all, which Ears refuses."""
    return {
        key: value
        for key, value in (declared or {}).items()
        if _matches(key, layers) or not _matches(key, everywhere)
    }


def _matches(key: Any, layers: Sequence[Layer]) -> bool:
    if not isinstance(key, str):
        return False
    pattern = compile_pattern(key)
    return any(pattern.fullmatch(layer.name) for layer in layers)
