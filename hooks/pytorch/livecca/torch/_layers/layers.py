"""Which modules of a model are watched, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Union, cast

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from livecca._errors import Error
from livecca._nearest import nearest
from livecca.torch._layers.names import compile_pattern, is_pattern

Predicate = Callable[[str, nn.Module], bool]
# typing.Union: Python 3.10 cannot join these with | when the module is loaded.
Selector = Union[str, "re.Pattern[str]", "type[nn.Module]", nn.Module, Predicate]

# Children that only wrappers have, whatever the wrapper's type is.
_WRAPPED = frozenset(
    {
        "_fsdp_wrapped_module",
        "_orig_mod",
        "_checkpoint_wrapped_module",
        "_forward_module",
        "_original_module",
    }
)
# These wrappers call their child "module". A network may use that name for a child of its own.
# Compared by name, because importing the types is slow or needs packages that are not there.
_WRAPPERS_OF_MODULE = frozenset(
    {"DistributedDataParallel", "FullyShardedDataParallel", "AveragedModel", "DeepSpeedEngine"}
)
# A process has a part of their weights only.
_SHARDED = frozenset({"FullyShardedDataParallel", "FSDPModule"})
# Of these, the network inside can run alone.
_SENDS_ONLY = frozenset({"DistributedDataParallel", "AveragedModel"})


@dataclass(frozen=True)
class Layer:
    """A watched module.

    Attributes
    ----------
    name
        Its name in the model, without what wrappers add: "encoder.layers.0.linear1".
    module
        The module itself. Never a wrapper such as DistributedDataParallel.
    """

    name: str
    module: nn.Module


def select_layers(
    model: nn.Module,
    layers: Selector | Sequence[Selector],
    exclude: Selector | Sequence[Selector] = (),
) -> tuple[Layer, ...]:
    """The modules of a model that selectors choose, in the model's order.

    A selector is one of these:

    - a name: ``"encoder.layers.0"``
    - a pattern of the whole name: ``"conv*"``. ``*`` is any text, dots too; ``?`` is one character
    - a compiled regular expression of the whole name: ``re.compile("layer[0-9]")``
    - a type of modules and what is derived from it: ``nn.Conv2d``
    - one of the model's modules: ``model.conv1``
    - a function of the name and the module that returns a bool

    Names do not have the prefixes that DistributedDataParallel, FSDP, torch.compile and activation
    checkpointing add. So a model has the same names with and without them. A module that has
    several names counts once, under its first name. Every of its names selects it.

    Modules that PyTorch never calls are left out, because hooks on them hear nothing: containers
    without a forward (ModuleList, ModuleDict) and MultiheadAttention's out_proj. So are
    parametrizations, whose output is a weight. The model itself has no name and is not a layer. But
    if there is no other, as in ``nn.LSTM(3, 5)``, it is one, by the name of its class: "lstm".

    Parameters
    ----------
    model
        The network. Not changed.
    layers
        One selector or several. A module is chosen if any of them matches.
    exclude
        One selector or several. A module that any of them matches is not chosen.

    Raises
    ------
    Error
        If a selector of `layers` matches no module; also a name, pattern or regular expression of
        `exclude`. If the model holds nn.DataParallel or is a TorchScript module.
    """
    modules = _modules_of(model)
    chosen: set[int] = set()
    for selector in _as_selectors("layers", layers):
        found = modules.matching("layers", selector)
        if not found:
            raise modules.matches_none("layers", selector)
        chosen |= found
    for selector in _as_selectors("exclude", exclude):
        found = modules.matching("exclude", selector)
        # A general script may exclude types that a model does not have. A name is a typo.
        if not found and isinstance(selector, (str, re.Pattern)):
            raise modules.matches_none("exclude", selector)
        chosen -= found
    if not chosen:
        raise Error("layers: expected at least one layer, got none, because exclude matches all")
    return tuple(layer for layer in modules.callable_layers if id(layer.module) in chosen)


def without_wrappers(model: nn.Module) -> nn.Module:
    """The network inside DistributedDataParallel, torch.compile or AveragedModel, if it is in any.

    FSDP, DeepSpeed and Lightning Fabric stay: they gather parameters or set the precision.
    """
    inner = model
    while True:
        if not _SENDS_ONLY.isdisjoint(_type_names(inner)):
            inner = cast(nn.Module, inner._modules["module"])
        elif isinstance(inner._modules.get("_orig_mod"), nn.Module):
            inner = cast(nn.Module, inner._modules["_orig_mod"])
        else:
            return inner


def without_prefixes(name: str) -> str:
    """The name of a parameter without what wrappers add: "fc.weight" of "module.fc.weight".

    A network's own child "module" loses its name too if it comes first, so compare only names that
    both went through this.
    """
    parts = [part for part in name.split(".") if part not in _WRAPPED]
    return ".".join(parts[1:] if parts[:1] == ["module"] else parts)


def is_wrapper(module: nn.Module) -> bool:
    """Whether a module only wraps another one, as DistributedDataParallel does."""
    children = module._modules
    if "module" not in children and _WRAPPED.isdisjoint(children):
        return False  # the usual case, without a look at every child
    return any(_is_wrapped(module, child) for child in children)


def _type_names(module: nn.Module) -> set[str]:
    return {base.__name__ for base in type(module).__mro__}


def _is_wrapped(parent: nn.Module, name: str) -> bool:
    if name in _WRAPPED:
        return True
    return name == "module" and not _WRAPPERS_OF_MODULE.isdisjoint(_type_names(parent))


def _walk(module: nn.Module, name: str, raw: str) -> Iterator[tuple[str, str, nn.Module, Any]]:
    """Below a module: clean name, full name, module, parent. A shared module comes every time."""
    for key, child in module._modules.items():
        # What parametrizations put out is a weight.
        if child is None or (key == "parametrizations" and is_parametrized(module)):
            continue
        dot = "." if name else ""
        clean = name if _is_wrapped(module, key) else f"{name}{dot}{key}"
        full = f"{raw}.{key}" if raw else key
        yield clean, full, child, module
        yield from _walk(child, clean, full)


def _is_called(module: nn.Module, name: str, parent: nn.Module) -> bool:
    if type(module).forward is nn.Module.forward:
        return False
    # MultiheadAttention uses the weights of its out_proj and does not call it.
    return not (isinstance(parent, nn.MultiheadAttention) and name.endswith("out_proj"))


class _Modules:
    """The modules of one model by name, and which of them can be layers."""

    def __init__(self, model: nn.Module) -> None:
        self.callable_layers: list[Layer] = []
        self.ids: dict[str, int] = {}  # of every name that a module has
        self.ids_by_full_name: dict[str, int] = {}  # with the prefixes of wrappers
        self.never_called: dict[str, nn.Module] = {}
        listed: set[int] = set()
        _require_watchable(model, "")
        for clean, full, module, parent in _walk(model, "", ""):
            _require_watchable(module, full)
            if is_wrapper(module):
                continue  # the module inside has the name
            if clean == "":
                continue  # the network itself, inside a wrapper
            if not _is_called(module, clean, parent):
                self.never_called.setdefault(clean, module)
                continue
            self.ids.setdefault(clean, id(module))
            self.ids_by_full_name.setdefault(full, id(module))
            if id(module) not in listed:
                listed.add(id(module))
                self.callable_layers.append(Layer(clean, module))
        network = without_wrappers(model)
        if not self.callable_layers and type(network).forward is not nn.Module.forward:
            name = type(network).__name__.lower()
            self.ids[name] = self.ids_by_full_name[name] = id(network)
            self.callable_layers.append(Layer(name, network))

    def matching(self, option: str, selector: Selector) -> set[int]:
        """The ids of the modules that a selector matches."""
        if isinstance(selector, str) and not is_pattern(selector):
            found_by_name = self.ids.get(selector, self.ids_by_full_name.get(selector))
            return set() if found_by_name is None else {found_by_name}
        if isinstance(selector, str):
            selector = compile_pattern(selector)
        if isinstance(selector, re.Pattern):
            return {module for name, module in self.ids.items() if selector.fullmatch(name)}
        matches = _predicate(selector)
        found: set[int] = set()
        for layer in self.callable_layers:
            result = matches(layer.name, layer.module)
            if not isinstance(result, bool):
                raise Error(
                    f"{option}: expected a function (name, module) -> bool, got one that returns "
                    f"{result!r} for {layer.name!r}"
                )
            if result:
                found.add(id(layer.module))
        return found

    def matches_none(self, option: str, selector: Selector) -> Error:
        names = [layer.name for layer in self.callable_layers]
        if isinstance(selector, (str, re.Pattern)):
            text = selector if isinstance(selector, str) else selector.pattern
            uncalled = self.never_called.get(text)
            if uncalled is not None:
                return Error(
                    f"{option}: expected a module that is called, got {text!r}, a "
                    f"{type(uncalled).__name__} that PyTorch never calls; select what is inside or "
                    "around it"
                )
            end = nearest(text, names)
        else:
            text = getattr(selector, "__name__", None) or type(selector).__name__
            end = nearest("", names)
        return Error(f"{option}: expected a module of the model, got {text!r}, no match; {end}")


def _predicate(selector: type[nn.Module] | nn.Module | Predicate) -> Predicate:
    if isinstance(selector, type):
        return lambda _, module: isinstance(module, selector)
    if isinstance(selector, nn.Module):
        return lambda _, module: module is selector
    return selector


def _require_watchable(module: nn.Module, name: str) -> None:
    if isinstance(module, nn.DataParallel):
        where = f"at {name!r}" if name else "around it"
        raise Error(
            f"model: expected one replica a process, got nn.DataParallel {where}, whose "
            "replicas run on threads with parts of the batch; use DistributedDataParallel"
        )
    if isinstance(module, torch.jit.ScriptModule):
        raise Error(
            f"model: expected modules that run in Python, got TorchScript at {name!r}, whose "
            "hooks are not called; watch the module that it was made from"
        )


def _require_whole(model: nn.Module) -> None:
    """Raises Error if processes share the weights: one of them alone cannot run the network."""
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return
    if distributed.get_world_size() == 1:
        return
    is_sharded = any(not _SHARDED.isdisjoint(_type_names(module)) for module in model.modules())
    if is_sharded or any(type(weights).__name__ == "DTensor" for weights in model.parameters()):
        raise Error(
            "model: expected the whole network in each process, got one whose weights are shared "
            "between processes (FSDP or DTensor); use DistributedDataParallel or a single process"
        )


def _modules_of(model: nn.Module) -> _Modules:
    if not isinstance(model, nn.Module):
        raise Error(f"model: expected a torch.nn.Module, got a {type(model).__name__}")
    _require_whole(model)
    return _Modules(model)


def _as_selectors(option: str, given: Selector | Sequence[Selector]) -> list[Selector]:
    # A ModuleList is never called, so it can only mean its entries.
    single = not isinstance(given, nn.ModuleList) and (
        isinstance(given, (str, re.Pattern)) or callable(given)
    )
    if not single and not isinstance(given, Iterable):
        raise Error(f"{option}: expected a selector or a list of selectors, got {given!r}")
    selectors: list[Any] = [given] if single else list(given)  # type: ignore[arg-type]
    for selector in selectors:
        wrong_type = isinstance(selector, type) and not issubclass(selector, nn.Module)
        wrong_regex = isinstance(selector, re.Pattern) and isinstance(selector.pattern, bytes)
        if (
            wrong_type
            or wrong_regex
            or not (isinstance(selector, (str, re.Pattern)) or callable(selector))
        ):
            raise Error(
                f"{option}: expected a name, a pattern, a compiled regular expression, a module "
                f"type, a module or a function (name, module) -> bool, got {selector!r}"
            )
    if option == "layers" and not selectors:
        raise Error("layers: expected at least one selector, got none; '*' watches all")
    return selectors
