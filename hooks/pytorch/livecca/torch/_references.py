"""What a network is compared with: recorded packs, and networks that run beside it."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Union

import torch
from torch import nn

from livecca import _core
from livecca._errors import Error
from livecca.torch._layers.layers import without_prefixes, without_wrappers


@dataclass(frozen=True)
class Checkpoint:
    """A reference network whose weights are in a file or folder.

    Attributes
    ----------
    path
        A file of ``torch.save()`` or a ``.safetensors`` with a state_dict, or what `build` takes.
    build
        A function without arguments that makes the network, or a function of the path that makes
        and loads it, such as ``transformers.AutoModel.from_pretrained``.
    takes_path
        Whether `build` takes the path.
    """

    path: str | os.PathLike[str]
    build: Callable[..., nn.Module]
    takes_path: bool = False


Reference = Union[str, "os.PathLike[str]", nn.Module, "Mapping[str, Any]", Checkpoint]


def require_name(name: str, trained: str) -> None:
    """Raises Error if a reference cannot be called so."""
    if (
        not isinstance(name, str)
        or name in ("", trained, "start", "final")
        or name.startswith("before-")
    ):
        raise Error(
            f"references: expected names other than {trained!r}, 'start', 'final' and 'before-…', "
            f"got {name!r}"
        )


@contextmanager
def error_of(name: str) -> Iterator[None]:
    """Begins the message of an error with the reference that it is about."""
    try:
        yield
    except Error as reason:
        raise Error(f"references[{name!r}]: {reason}") from reason


def network_of(name: str, reference: Reference, model: nn.Module) -> nn.Module | None:
    """The network to run beside the trained one, or None for a recorded pack.

    Parameters
    ----------
    name
        What the reference is called.
    reference
        A path of a pack; a network; a state_dict of the trained network's architecture; a
        Checkpoint.
    model
        The trained network.

    Raises
    ------
    Error
        If it is none of these, or does not load.
    """
    if isinstance(reference, nn.Module):
        return reference
    if isinstance(reference, Checkpoint):
        return _built(name, reference)
    if isinstance(reference, Mapping):
        network = copy.deepcopy(without_wrappers(model))
        return _loaded(name, network, reference)
    if isinstance(reference, (str, os.PathLike)):
        if not os.path.isfile(reference):  # before the run's folder is made
            raise Error(
                f"references[{name!r}]: expected a pack, got no file {os.fspath(reference)!r}"
            )
        _expect_pack(name, os.fspath(reference))
        return None
    raise Error(
        f"references[{name!r}]: expected the path of a pack, a network, a state_dict or a "
        f"Checkpoint, got a {type(reference).__name__}"
    )


def _expect_pack(name: str, path: str) -> None:
    """Raises Error if the file is no pack, which is often one of weights."""
    try:
        _core.check_pack(path)
    except Error as reason:
        raise Error(
            f"references[{name!r}]: {reason}; if {os.path.basename(path)} holds weights, give "
            "livecca.torch.Checkpoint(path, build=…), which says how the network is made"
        ) from None


def _built(name: str, checkpoint: Checkpoint) -> nn.Module:
    path = checkpoint.path
    try:
        network = checkpoint.build(path) if checkpoint.takes_path else checkpoint.build()
    except Exception as reason:
        raise Error(
            f"references[{name!r}]: expected build to make a network, got "
            f"{type(reason).__name__}: {_one_line(reason)}"
        ) from reason
    if not isinstance(network, nn.Module):
        raise Error(
            f"references[{name!r}]: expected build to make a network, got a "
            f"{type(network).__name__}"
        )
    if checkpoint.takes_path:
        return network
    return _loaded(name, network, _state_in(name, os.fspath(path)))


def _one_line(reason: Exception) -> str:
    """The first lines of a message as one."""
    lines = str(reason).strip().splitlines()
    return " ".join(line.strip() for line in lines[:2])


def _state_in(name: str, path: str) -> Mapping[str, Any]:
    try:
        if path.endswith(".safetensors"):
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as reason:
        raise Error(
            f"references[{name!r}]: expected a state_dict in {path}, got: {_one_line(reason)}"
        ) from reason
    # Many save the state_dict among other things.
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            inner: Mapping[str, Any] = state[key]
            return inner
    if not isinstance(state, Mapping):
        raise Error(f"references[{name!r}]: expected a state_dict in {path}, got another object")
    return state


def _renamed(state: Mapping[str, Any], network: nn.Module) -> Mapping[str, Any]:
    """The state with the network's own names: either may have the prefixes of wrappers."""
    own = network.state_dict().keys()
    if state.keys() == own:
        return state
    names = {without_prefixes(name): name for name in own}
    renamed = {names.get(without_prefixes(str(name)), name): state[name] for name in state}
    return renamed if renamed.keys() == own else state  # whose names the message is to have


def _loaded(name: str, network: nn.Module, state: Mapping[str, Any]) -> nn.Module:
    try:
        network.load_state_dict(_renamed(state, network))
    except (RuntimeError, KeyError, TypeError) as reason:
        raise Error(
            f"references[{name!r}]: expected a state_dict of this architecture, got: "
            f"{_one_line(reason)}"
        ) from reason
    return network
