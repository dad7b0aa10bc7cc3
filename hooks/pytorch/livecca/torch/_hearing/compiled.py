"""Which modules torch.compile made code of, and how the outputs of that code are heard."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from livecca.torch._layers.layers import is_wrapper

# Called as a forward hook is: (module, arguments, output).
OutputHook = Callable[[nn.Module, tuple[Any, ...], Any], None]


@dataclass(frozen=True)
class Compiled:
    """The compiled code of a network that is not compiled as a whole.

    Attributes
    ----------
    inside
        The ids of modules whose calls are in compiled code. A hook there would be compiled into it.
    called
        By the id of a module that compiled code was made of: what is called instead of it.
    """

    inside: Collection[int] = frozenset()
    called: Mapping[int, nn.Module] = field(default_factory=dict)


def compiled_in(network: nn.Module) -> Compiled:
    """Finds the compiled code within a network."""
    if "torch._dynamo" not in sys.modules:
        return Compiled()
    called: dict[int, nn.Module] = {}
    inside: set[int] = set()
    for module in network.modules():
        is_returned = "_orig_mod" in module._modules  # by torch.compile()
        if not is_returned and getattr(module, "_compiled_call_impl", None) is None:
            continue
        made_of = _innermost(module)
        if id(made_of) not in called:  # the outer one of two is called
            called[id(made_of)] = module
        inside.update(id(one) for one in made_of.modules() if one is not made_of)
    outermost = {key: module for key, module in called.items() if key not in inside}
    return Compiled(inside | called.keys(), outermost)


def _innermost(module: nn.Module) -> nn.Module:
    """What layers are: the module in all wrappers, such as that of activation checkpointing."""
    while is_wrapper(module):
        module = next(child for child in module._modules.values() if child is not None)
    return module


def hear_outputs(called: nn.Module, hook: OutputHook) -> Callable[[], None]:
    """Calls a hook with what compiled code returns, outside of that code. Returns what ends it.

    Parameters
    ----------
    called
        As of :class:`Compiled`.
    hook
        Must not raise.
    """
    compiled = called.__dict__.get("_compiled_call_impl")
    if compiled is None:
        return called.register_forward_hook(hook).remove
    heard = compiled if isinstance(compiled, _HeardCode) else _HeardCode(called, compiled)
    heard.add(hook)
    return lambda: heard.remove(hook)


class _HeardCode:
    """Stands for a module's compiled code while its outputs are heard: hooks are called in it."""

    def __init__(self, module: nn.Module, code: Callable[..., Any]) -> None:
        self._module = module
        self._code = code
        self._hooks: list[OutputHook] = []

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        output = self._code(*arguments, **named)
        for hook in tuple(self._hooks):
            hook(self._module, arguments, output)
        return output

    def add(self, hook: OutputHook) -> None:
        self._hooks.append(hook)
        self._module.__dict__["_compiled_call_impl"] = self

    def remove(self, hook: OutputHook) -> None:
        self._hooks.remove(hook)
        # Unless it was compiled anew meanwhile.
        if not self._hooks and self._module.__dict__.get("_compiled_call_impl") is self:
            self._module.__dict__["_compiled_call_impl"] = self._code
