"""How the layers of a network are heard while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from livecca._errors import Error
from livecca._warnings import log
from livecca.torch._hearing.batch_masks import BatchMasks, DeclaredMask, named_arguments, named_in
from livecca.torch._hearing.compiled import Compiled, hear_outputs
from livecca.torch._hearing.masks import Check, check_valid_steps
from livecca.torch._layers.layers import Layer, without_wrappers
from livecca.torch._layers.names import resolve_by_name
from livecca.torch._layers.outputs import Activation, OutputSelector, activation_of
from livecca.torch._layers.readings import DeclaredReading, Reading, Readings, as_reading


@dataclass(frozen=True)
class Heard:
    """An activation, as it was heard.

    Attributes
    ----------
    name
        The layer's name; ``name#2`` at the second call of a module in one pass.
    tensor
        The activation itself. It may change as soon as the network goes on.
    reading
        What its axes are, and what becomes a sample.
    valid
        Which steps are valid, bool of batch × steps; None if all are.
    checks
        Of a mask whose values lie on a device: what must hold, or else there are no numbers.
    """

    name: str
    tensor: torch.Tensor
    reading: Reading
    valid: torch.Tensor | None
    checks: tuple[Check, ...] = ()

    @property
    def has_steps(self) -> bool:
        """Whether a mask could leave steps of it out."""
        return self.valid is not None or self.reading.has_steps(self.tensor)

    def valid_on_cpu(self) -> torch.Tensor | None:
        """`valid` in the CPU's memory. Waits for a device; raises Error if a check fails."""
        for check in self.checks:
            check.expect()
        return None if self.valid is None else self.valid.cpu()


Take = Callable[[Heard], None]
Refuse = Callable[[str, str], None]

# torch.compile takes it as True, so what follows it is in no compiled code.
is_compiling = torch.compiler.is_compiling

# Where tap() finds who listens in this thread: several if several monitors watch one network.
listening: ContextVar[tuple[Pass, ...]] = ContextVar("livecca_listening", default=())


@dataclass(eq=False)
class Pass:
    """One run of the network over one batch.

    `named` has the inputs of the batch that have names: among them may be a mask.
    """

    ears: Ears
    take: Take
    refuse: Refuse
    named: Mapping[str, Any] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def hear(self, name: str, listen: Callable[[], Heard]) -> None:
        """Takes what `listen` makes of a layer. No exception leaves it: the network goes on."""
        try:
            self.take(listen())
        except Exception as reason:
            with nothing_raised():
                self.refuse(name, str(reason) or type(reason).__name__)

    def name_of_call(self, name: str) -> str:
        self.calls[name] += 1
        count = self.calls[name]
        return name if count == 1 else f"{name}#{count}"


class Ears:
    """Knows the layers of one network, and hears them while a pass is open.

    The hooks are there during a pass only. So training without a pass costs nothing, copies of the
    network are not heard, and compiled code keeps no trace of it.

    Parameters
    ----------
    model
        The network, with whatever wraps it.
    layers
        The layers to hear, in the order of the model.
    readings, outputs
        What the user declared, by layer or pattern of layers.
    mask
        The name of the mask in a batch, or by layer; None: one of the usual names.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: tuple[Layer, ...],
        *,
        readings: Mapping[str, DeclaredReading] | None = None,
        outputs: Mapping[str, OutputSelector] | None = None,
        mask: DeclaredMask = None,
    ) -> None:
        self.layers = layers
        names = [layer.name for layer in layers]
        self._readings = Readings(model, layers, readings)
        self._outputs = resolve_by_name("outputs", outputs or {}, names)
        self._masks = BatchMasks(model, names, mask)
        self._network = without_wrappers(model)

    @contextmanager
    def hearing(self, take: Take, refuse: Refuse, *, batch: Any = None) -> Iterator[None]:
        """Hears every layer that is called within the context, and every tap().

        Parameters
        ----------
        take
            Called with each activation, at once, from within the layer's call.
        refuse
            Called with a layer's name and the reason if its activation cannot be read.
        batch
            What the network runs on. It may hold a mask, and so may what the network is called
            with.
        """
        this = Pass(self, take, refuse, named_in(batch))
        with ExitStack() as removes:
            token = listening.set((this,))
            removes.callback(listening.reset, token)
            call = self._network.register_forward_pre_hook(_CallHook(this), with_kwargs=True)
            removes.callback(call.remove)
            self.add_hooks(this, removes)
            yield

    def add_hooks(self, this: Pass, removes: ExitStack, compiled: Compiled | None = None) -> None:
        """Adds a hook to each layer; `removes` takes what removes them.

        Of `compiled` code only the outputs are heard, since it calls no hooks inside.
        """
        compiled = compiled or Compiled()
        for layer in self.layers:
            hook, module = _LayerHook(this, layer), id(layer.module)
            if module in compiled.called:
                removes.callback(hear_outputs(compiled.called[module], hook))
            elif module not in compiled.inside:
                removes.callback(layer.module.register_forward_hook(hook).remove)

    def heard_of_layer(self, this: Pass, layer: Layer, name: str, output: Any) -> Heard:
        activation = activation_of(layer, output, self._outputs.get(layer.name))
        if activation.valid is None:
            reading = self._readings.reading_of(layer, activation.tensor)
        else:
            reading = self._readings.reading_of_packed(layer)
        return self.heard_of(this, layer.name, name, activation, reading)

    def heard_of(
        self, this: Pass, layer: str, name: str, activation: Activation, reading: Reading
    ) -> Heard:
        """An activation with its mask: its own, or else that of the batch.

        Parameters
        ----------
        this
            The pass.
        layer
            The layer's name.
        name
            The same with the number of the call.
        activation, reading
            What was heard, and its axes.
        """
        tensor, valid, where = activation.tensor, activation.valid, f"layer {name!r}"
        if valid is not None:
            tensor = tensor.transpose(0, 1) if reading.layout == "tnc" else tensor
            check_valid_steps(valid, *reading.batch_and_steps(tensor), where)
            return Heard(name, tensor, reading, valid)
        if not reading.has_steps(tensor):
            return Heard(name, tensor, reading, None)
        checks: list[Check] = []
        valid = self._masks.valid_of(
            this.named, layer, reading.batch_and_steps(tensor), where, checks
        )
        if valid is not None and reading.layout == "ncl":  # the core takes masks of steps
            tensor, reading = tensor.transpose(1, 2), Reading("ntc", reading.samples)
        return Heard(name, tensor, reading, valid, tuple(checks))


@contextmanager
def nothing_raised() -> Iterator[None]:
    """Logs an exception of ours instead of raising it into training.

    Not a warning: training may turn warnings into exceptions.
    """
    try:
        yield
    except Exception:
        log.warning("livecca: an activation was not taken", exc_info=True)


def in_backward() -> bool:
    """Whether autograd runs in this thread.

    A layer that is called now is computed once more for its gradients, as activation checkpointing
    does.
    """
    return int(torch._C._current_graph_task_id()) != -1


class Hook:
    """A hook that is at home in this process and on this network.

    A copy of the network, pickled or not, gets a hook that does nothing instead. It is one of
    Python's own, so that a pickled network loads where livecca is not installed.
    """

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return getattr, (nullcontext(), "__exit__")

    def __deepcopy__(self, _: Any) -> Callable[..., None]:
        return nullcontext().__exit__


def is_hook_of_copy(hook: Any) -> bool:
    """Whether it is what a copy of a network has instead of a hook."""
    return getattr(hook, "__func__", None) is nullcontext.__exit__


class _CallHook(Hook):
    """Learns the names of what the network is called with: positional arguments have names too."""

    def __init__(self, this: Pass) -> None:
        self._this = this

    def __call__(self, network: nn.Module, arguments: tuple[Any, ...], named: Any) -> None:
        if is_compiling():
            return
        this = self._this
        if this in listening.get() and not in_backward():
            with nothing_raised():
                this.named = {**this.named, **named_arguments(network, arguments, named)}


class _LayerHook(Hook):
    def __init__(self, this: Pass, layer: Layer) -> None:
        self._this = this
        self._layer = layer

    def __call__(self, _: nn.Module, __: Any, output: Any) -> None:
        if is_compiling():
            return  # compiled code must keep no trace of a pass
        this, layer = self._this, self._layer
        if this not in listening.get() or in_backward():
            return
        name = this.name_of_call(layer.name)
        this.hear(name, lambda: this.ears.heard_of_layer(this, layer, name, output))


def tap(
    name: str,
    tensor: torch.Tensor,
    layout: DeclaredReading | None = None,
    *,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Watch a tensor that no module puts out, such as a residual sum; call it in ``forward()``.

    Does nothing, in well under a microsecond, unless a monitor of this network is listening.

    Parameters
    ----------
    name
        Its name among the layers. A second call in one pass is ``name#2``.
    tensor
        The activation. It is returned as it is.
    layout
        What its axes mean; by default 2 axes are nc, 3 ntc, 4 nchw, 5 ncdhw.
    mask
        Which steps are valid: True is valid, bool of batch × steps; by default what the batch says.

    Returns
    -------
    torch.Tensor
        ``tensor``.
    """
    if is_compiling():
        return tensor
    passes = listening.get()
    if passes and not in_backward():
        for this in passes:
            _hear_tap(this, name, tensor, layout, mask)
    return tensor


def _hear_tap(
    this: Pass,
    name: str,
    tensor: torch.Tensor,
    layout: DeclaredReading | None,
    mask: torch.Tensor | None,
) -> None:
    heard_as = this.name_of_call(name)

    def listen() -> Heard:
        activation = activation_of(Layer(name, nn.Identity()), tensor)
        reading = _reading_of_tap(name, activation.tensor, layout)
        if mask is not None:
            return Heard(heard_as, activation.tensor, reading, mask)
        return this.ears.heard_of(this, name, heard_as, activation, reading)

    this.hear(heard_as, listen)


_LAYOUTS_OF_TAPS = {2: "nc", 3: "ntc", 4: "nchw", 5: "ncdhw"}


def _reading_of_tap(name: str, tensor: torch.Tensor, layout: DeclaredReading | None) -> Reading:
    if layout is not None:
        return as_reading(layout, f"tap {name!r}")
    if tensor.dim() not in _LAYOUTS_OF_TAPS:
        raise Error(f"tap {name!r}: expected 2 to 5 axes, got shape {tuple(tensor.shape)}")
    return Reading(_LAYOUTS_OF_TAPS[tensor.dim()])
