"""A pass over the probe that leaves no trace in the training around it."""

from __future__ import annotations

import operator
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from livecca._errors import Error
from livecca.torch._layers.layers import is_wrapper

# Objects of other types may hang together with more than a module's attribute.
_KEPT = (bool, int, float, complex, str, tuple, list, dict, torch.Tensor)
_OF_EVERY_MODULE = frozenset(nn.Module().__dict__)  # hooks, parameters: not the network's own


@contextmanager
def leaves_no_trace(*models: nn.Module) -> Iterator[None]:
    """Runs models over inputs in evaluation mode, so that training goes on as if it had not.

    Within the context:

    - every module is in evaluation mode. Its flag is set directly: no train() or eval() of the
      user's is called, since these may do more than set flags (some merge weights)
    - no gradients are recorded, by torch.no_grad(). Not inference_mode(): tensors made in it that a
      network keeps, such as a cached mask, fail later in training's backward pass
    - compiled models run eagerly, and so do nn.TransformerEncoder and nn.MultiheadAttention,
      because compiled code and their fast path may skip the hooks of modules inside. The compiled
      code is kept. Before PyTorch 2.6, compiled functions that are no modules still run compiled
    - autocast is as the caller has it, without its cache of cast weights: a weight that was cast
      without gradients must not be used in training

    Afterwards, also if an exception ends it, these are as before, bit for bit:

    - the training flag of every module by itself: a frozen one stays in evaluation mode
    - buffers, e.g. batch-norm statistics, also where a network forces training mode in its forward
    - attributes of modules that held a number, text, None, tensor, tuple, list or dict, e.g. a
      count of calls or a recurrent state; also the values of such tensors, and the entries of such
      lists and dicts, but not what is changed inside of an entry. What a network adds stays
    - the random generators: PyTorch's on the CPU and, if in use, on CUDA and XPU devices; Python's,
      and NumPy's if it is imported; those that are attributes of modules. Not others of the user's
    - gradient recording and the switches above

    requires_grad, gradients, parameters and cuDNN's flags are not touched.

    Iterate a DataLoader within the context only: iter() draws a number from PyTorch's generator.

    Cost: a copy of all buffers and of tensors that are attributes, and O(modules). Thread safety:
    none. Modes, generators, the fast path and the compiler's switch are global, so no other thread
    may train meanwhile.

    Parameters
    ----------
    *models
        The networks that run within the context.

    Raises
    ------
    Error
        If a model has parameters that are not initialised yet (LazyLinear): initialising them is a
        trace. Run the model once before.
    """
    for model in models:
        _require_initialised(model)
    with ExitStack() as restores:  # it runs all of them, even if one fails
        restores.enter_context(torch.no_grad())
        _keep_random_states(restores)
        for model in models:
            for module in model.modules():
                _keep_buffers(restores, module)
                _keep_attributes(restores, module)
                restores.callback(setattr, module, "training", module.training)
                module.training = False
        _switch_to_eager(restores, models)
        yield


def _require_initialised(model: nn.Module) -> None:
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if is_lazy(tensor):
            raise Error(
                f"model: expected initialised parameters, got {name!r} of a lazy module; run the "
                "model once on a batch before it is watched"
            )


def _keep_random_states(restores: ExitStack) -> None:
    restores.callback(random.setstate, random.getstate())
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        # legacy=True warns if the user has put another generator in the default's place.
        restores.callback(numpy.random.set_state, numpy.random.get_state(legacy=False))
    restores.callback(torch.set_rng_state, torch.get_rng_state())
    for device, kind in _devices_in_use():
        restores.callback(kind.set_rng_state, kind.get_rng_state(device), device)


def _devices_in_use() -> list[tuple[int, Any]]:
    """Devices with a generator that a pass may use. Asking must not initialise one."""
    found: list[tuple[int, Any]] = []
    for kind in (torch.cuda, getattr(torch, "xpu", None)):
        if kind is not None and kind.is_initialized():
            found += [(device, kind) for device in range(kind.device_count())]
    return found


def _keep_buffers(restores: ExitStack, module: nn.Module) -> None:
    buffers = module._buffers
    before = {
        name: (buffer, None if buffer is None or buffer.is_meta else buffer.clone())
        for name, buffer in buffers.items()
    }
    if before:
        restores.callback(_restore_buffers, buffers, before)


def _restore_buffers(
    buffers: dict[str, torch.Tensor | None],
    before: dict[str, tuple[torch.Tensor | None, torch.Tensor | None]],
) -> None:
    for name, (buffer, values) in before.items():
        buffers[name] = buffer
        if buffer is not None and values is not None:
            _restore_values(buffer, values)


def _restore_values(buffer: torch.Tensor, values: torch.Tensor) -> None:
    # Versions do not tell: batch norm changes its statistics without a new version. A buffer that
    # is written needlessly would get one, and break a backward pass that still waits for it.
    if _is_far(buffer):
        if buffer.shape != values.shape:
            buffer.resize_(values.shape)
        buffer.data.copy_(values)  # without a new version
    elif not _same_bits(buffer, values):
        if buffer.shape != values.shape:
            buffer.resize_(values.shape)
        buffer.copy_(values)


def _is_far(buffer: torch.Tensor) -> bool:
    """Whether a look at its values would wait for a device. False if values overlap."""
    if buffer.layout != torch.strided or any(
        stride == 0 and extent > 1
        for stride, extent in zip(buffer.stride(), buffer.shape, strict=True)
    ):
        return False
    return _is_on_device(buffer)


def _is_on_device(buffer: torch.Tensor) -> bool:
    return buffer.device.type != "cpu"


def _same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    plain = type(one) is torch.Tensor and one.layout == torch.strided and not one.is_quantized
    if not plain or one.shape != other.shape:
        return False  # copying always is as good
    # Bytes: NaN is not equal to itself, and -0 is equal to 0.
    return torch.equal(
        one.reshape(-1).contiguous().view(torch.uint8), other.reshape(-1).view(torch.uint8)
    )


def _keep_attributes(restores: ExitStack, module: nn.Module) -> None:
    if is_wrapper(module):
        return  # what DDP and FSDP set up at their first pass belongs together with more than this
    before = {
        name: value
        for name, value in module.__dict__.items()
        if value is None or isinstance(value, _KEPT)
    }
    restores.callback(_restore_attributes, module.__dict__, before)
    for name, value in module.__dict__.items():
        if name not in _OF_EVERY_MODULE:
            _keep_inside(restores, value)


def _keep_inside(restores: ExitStack, value: Any) -> None:
    """Puts back what is changed inside of an attribute."""
    numpy: Any = sys.modules.get("numpy")
    if isinstance(value, torch.Tensor):
        if value.layout == torch.strided and not value.is_meta and not value.is_inference():
            restores.callback(_restore_values, value, value.detach().clone())
    elif isinstance(value, list):
        restores.callback(_restore_list, value, list(value))
    elif isinstance(value, dict):
        restores.callback(_restore_dict, value, dict(value))
    elif isinstance(value, torch.Generator):
        restores.callback(value.set_state, value.get_state())
    elif isinstance(value, random.Random):
        restores.callback(value.setstate, value.getstate())
    elif numpy is not None and isinstance(value, numpy.random.Generator):
        restores.callback(setattr, value.bit_generator, "state", value.bit_generator.state)


def _restore_list(value: list[Any], before: list[Any]) -> None:
    if len(value) != len(before) or any(map(operator.is_not, value, before)):
        value[:] = before


def _restore_dict(value: dict[Any, Any], before: dict[Any, Any]) -> None:
    if value.keys() != before.keys() or any(value[key] is not before[key] for key in before):
        value.clear()
        value.update(before)


def _restore_attributes(attributes: dict[str, Any], before: dict[str, Any]) -> None:
    for name, value in before.items():
        if attributes.get(name, before) is not value:
            attributes[name] = value


def _switch_to_eager(restores: ExitStack, models: tuple[nn.Module, ...]) -> None:
    cached = torch.is_autocast_cache_enabled()
    restores.callback(torch.set_autocast_cache_enabled, cached)
    torch.set_autocast_cache_enabled(False)
    mha = torch.backends.mha
    restores.callback(mha.set_fastpath_enabled, mha.get_fastpath_enabled())
    mha.set_fastpath_enabled(False)
    set_stance: Callable[[str], Any] | None = getattr(torch.compiler, "set_stance", None)
    if set_stance is None:
        for model in models:
            for module in model.modules():
                _bypass_compiled(restores, module)
    # Importing the compiler takes seconds, and nothing is compiled without it.
    elif "torch._dynamo" in sys.modules:
        restores.enter_context(set_stance("force_eager"))


def _bypass_compiled(restores: ExitStack, module: nn.Module) -> None:
    """Runs a compiled module eagerly where PyTorch has no switch for it, before 2.6."""
    attributes = module.__dict__
    for name, eager in (
        ("_compiled_call_impl", None),  # of Module.compile()
        ("forward", getattr(module._modules.get("_orig_mod"), "__call__", None)),  # noqa: B004
    ):
        compiled = attributes.get(name)
        if compiled is None or (name == "forward" and eager is None):
            continue
        restores.callback(attributes.__setitem__, name, compiled)
        attributes[name] = eager
