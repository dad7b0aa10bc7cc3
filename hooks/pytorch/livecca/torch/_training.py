"""How the layers of a network are heard while it trains."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from livecca.torch._hearing.batch_masks import named_arguments
from livecca.torch._hearing.compiled import compiled_in
from livecca.torch._hearing.hearing import (
    Ears,
    Hook,
    Pass,
    Refuse,
    Take,
    in_backward,
    is_compiling,
    is_hook_of_copy,
    listening,
    nothing_raised,
)
from livecca.torch._layers.layers import without_wrappers

_is_tracing: Callable[[], bool] = torch._C._is_tracing
# torch.jit.script() asks a module by this name for what it is to be made of.
_PREPARE = "__prepare_scriptable__"


@dataclass(frozen=True)
class TrainingPass:
    """What a forward pass of training does with what is heard.

    Attributes
    ----------
    take, refuse
        As of :meth:`Ears.hearing`.
    run_beside
        Called first, with the arguments of the network: runs the references.
    end
        Called once at the end: True if the forward pass came to its end.
    hand_over
        Called once more when the step of training ends: what was heard may have been on its way.
    """

    take: Take
    refuse: Refuse
    run_beside: Callable[[tuple[Any, ...], Mapping[str, Any]], None]
    end: Callable[[bool], None]
    hand_over: Callable[[], None]


class TrainingEars:
    """Hears the first forward pass of each training step, if a pass is opened for it.

    A forward pass is one of training if the network is in training mode and gradients are recorded.
    So evaluation between steps is not heard, nor what activation checkpointing computes once more,
    nor a pass over the probe. Later passes of the same step, such as those of gradient
    accumulation, are not heard either.

    One hook stays on the network. Those on the layers are there during a pass that is heard.

    Parameters
    ----------
    model
        The network, with whatever wraps it.
    ears
        Its layers.
    open_pass
        Asked at the first forward pass of each step; returns None if it is not to be heard.
    """

    def __init__(
        self, model: nn.Module, ears: Ears, open_pass: Callable[[], TrainingPass | None]
    ) -> None:
        self._network = without_wrappers(model)
        self._ears = ears
        self._open_pass = open_pass
        self._was_called = False
        self._opened: TrainingPass | None = None
        self._ended: TrainingPass | None = None  # it may have something to hand over
        self._heard: Pass | None = None
        self._depth = 0  # more than 1 if the network calls itself
        self._handled: BaseException | None = None
        self._layer_hooks = ExitStack()
        self._after_hook: Any = None
        self._hook: Any = None
        self._add_hook()

    def _add_hook(self) -> None:
        self._hook = self._network.register_forward_pre_hook(
            _BeforeHook(self), with_kwargs=True, prepend=True
        )
        self._network.__dict__.setdefault(_PREPARE, _WithoutHook(self._network))

    def _remove_hook(self) -> None:
        if self._hook is not None:
            self._hook.remove()
            self._hook = None
        if not any(isinstance(hook, _BeforeHook) for hook in _pre_hooks(self._network)):
            _forget_prepare(self._network)

    def let_go(self) -> None:
        """Takes the hook away until the step ends, so that TorchScript can be made."""
        self._remove_hook()
        self._was_called = True  # or it would be said that no pass is heard

    def next_step(self) -> bool:
        """Ends the step. Returns whether the network was called in it."""
        self._end(False)  # a pass is still open if KeyboardInterrupt ended it
        if self._after_hook is not None:
            self._after_hook.remove()
            self._after_hook = None
        ended, self._ended = self._ended, None
        if ended is not None:
            ended.hand_over()
        if self._hook is None:
            self._add_hook()
        was_called, self._was_called = self._was_called, False
        return was_called

    def close(self) -> None:
        """Lets the network go."""
        self.next_step()
        self._remove_hook()

    @property
    def is_idle(self) -> bool:
        """Whether calls of the network mean nothing until the next step."""
        return self._was_called and self._heard is None

    def before(self, network: nn.Module, arguments: tuple[Any, ...], named: Any) -> None:
        """A call of the network begins."""
        if self._heard in listening.get():
            self._depth += 1
            return
        is_copy = network is not self._network  # a shallow copy has the same hooks
        if self._was_called or is_copy or not torch.is_grad_enabled() or in_backward():
            return
        self._was_called = True
        self._opened = self._open_pass()
        if self._opened is None:
            return
        try:
            self._begin(self._opened, arguments, named)
        except BaseException:
            self._end(False)
            raise

    def _begin(self, opened: TrainingPass, arguments: tuple[Any, ...], named: Any) -> None:
        opened.run_beside(arguments, named)
        self._handled = sys.exc_info()[1]
        self._depth = 1
        inputs = named_arguments(self._network, arguments, named)
        self._heard = Pass(self._ears, opened.take, opened.refuse, inputs)
        listening.set((*listening.get(), self._heard))
        self._ears.add_hooks(self._heard, self._layer_hooks, compiled_in(self._network))
        self._after_hook = self._network.register_forward_hook(_AfterHook(self), always_call=True)

    def after(self) -> None:
        """A call of the network ended, by an exception too."""
        # The hook itself stays until the step ends, because PyTorch goes through its hooks now.
        if self._heard not in listening.get():
            return
        self._depth -= 1
        if self._depth == 0:
            # An exception that was not there before ended the forward pass.
            self._end(sys.exc_info()[1] is self._handled)

    def _end(self, came_to_its_end: bool) -> None:
        opened, self._opened = self._opened, None
        self._handled = None
        self._layer_hooks.close()
        heard, self._heard = self._heard, None
        listening.set(tuple(other for other in listening.get() if other is not heard))
        if opened is not None:
            opened.end(came_to_its_end)
            self._ended = opened


class _BeforeHook(Hook):
    """Called at every call of the network, so what is most often the case comes first."""

    def __init__(self, ears: TrainingEars) -> None:
        self.ears = ears

    def __call__(self, network: nn.Module, arguments: tuple[Any, ...], named: Any) -> None:
        if is_compiling():
            return  # compiled code must keep no trace of a pass
        ears = self.ears
        if ears.is_idle or not network.training or _is_tracing():
            return
        with nothing_raised():
            ears.before(network, arguments, named)


def _pre_hooks(network: nn.Module) -> list[Any]:
    return list(network._forward_pre_hooks.values())


def _forget_prepare(network: nn.Module) -> None:
    if isinstance(network.__dict__.get(_PREPARE), _WithoutHook):
        del network.__dict__[_PREPARE]


class _WithoutHook(Hook):
    """Called by torch.jit.script(), which cannot take hooks that are no TorchScript themselves."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._of_class: Any = getattr(network, _PREPARE, None)

    def __call__(self) -> nn.Module:
        network = self._network
        for key, hook in list(network._forward_pre_hooks.items()):
            if isinstance(hook, _BeforeHook):
                hook.ears.let_go()
            elif is_hook_of_copy(hook):
                del network._forward_pre_hooks[key]
        _forget_prepare(network)
        return network if self._of_class is None else self._of_class()

    def __deepcopy__(self, memo: Any) -> Callable[..., Any]:
        network = memo.get(id(self._network))
        return super().__deepcopy__(memo) if network is None else _WithoutHook(network)


class _AfterHook(Hook):
    def __init__(self, ears: TrainingEars) -> None:
        self._ears = ears

    def __call__(self, *_: Any) -> None:
        if is_compiling():
            return
        with nothing_raised():
            self._ears.after()
