"""What the axes of a layer's activation mean, from the module's type and the tensor's shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import torch
from torch import nn

from livecca._errors import Error
from livecca.torch._layers.attention_weights import is_attention, may_be_weights
from livecca.torch._layers.layers import Layer
from livecca.torch._layers.names import resolve_by_name

LAYOUTS = ("nc", "ncl", "nchw", "nhwc", "ncdhw", "ntc", "tnc")
SAMPLES = ("positions", "pooled", "flattened", "last", "step")


@dataclass(frozen=True)
class Reading:
    """What the axes of an activation are, and what becomes a sample.

    Attributes
    ----------
    layout
        A letter for each axis: n images or sequences, c features, d depth, h height, w width, l
        the only spatial axis, t steps. One of nc, ncl, nchw, nhwc, ncdhw, ntc, tnc.
    samples
        "positions": every position or step is a sample. One sample an image or sequence: "pooled"
        (the mean of its positions or valid steps), "flattened" (all values), "last" (its last
        valid step), "step" (the step with a given number).
    step
        For samples="step": the number of the step, from 0.
    """

    layout: str
    samples: str = "positions"
    step: int = 0

    @property
    def is_sequence(self) -> bool:
        """Whether there are steps, which a mask may leave out."""
        return "t" in self.layout

    def has_steps(self, tensor: torch.Tensor) -> bool:
        """Whether a mask may say which steps of an activation are valid.

        Those of a convolution over text are its positions, unless they were pooled into one.
        """
        if self.layout == "ncl":
            return self.samples in ("positions", "pooled") and tensor.shape[2] > 1
        return self.is_sequence

    def inputs_of(self, tensor: torch.Tensor) -> int:
        """The extent of axis n: how many images or sequences an activation is of."""
        return tensor.shape[self.layout.index("n")]

    def batch_and_steps(self, tensor: torch.Tensor) -> tuple[int, int]:
        """The extents of axes n and t or l: (batch, steps). Call it if has_steps() only."""
        return self.inputs_of(tensor), tensor.shape[
            self.layout.index("t" if self.is_sequence else "l")
        ]


# A layout; (layout, samples); (layout, "step", number).
DeclaredReading = Union[str, "tuple[str, str]", "tuple[str, str, int]", Reading]


def as_reading(declared: DeclaredReading, where: str) -> Reading:
    """What a user declared, checked.

    Parameters
    ----------
    declared
        A layout ("nchw"), (layout, samples) or (layout, "step", number).
    where
        What messages begin with.

    Raises
    ------
    Error
        If there is no such layout or samples, or if the layout does not have what the samples need.
    """
    if isinstance(declared, Reading):
        parts: tuple[Any, ...] = (declared.layout, declared.samples, declared.step)
    else:
        parts = (declared,) if isinstance(declared, str) else tuple(declared)
    layout, samples, step = (*parts, *("", "positions", 0)[len(parts) :])[:3]
    if len(parts) not in (1, 2, 3) or layout not in LAYOUTS:
        raise Error(f"{where}: expected a layout ({', '.join(LAYOUTS)}), got {declared!r}")
    if samples not in SAMPLES:
        raise Error(f"{where}: expected samples ({', '.join(SAMPLES)}), got {samples!r}")
    if samples in ("last", "step") and "t" not in layout:
        raise Error(f"{where}: expected ntc or tnc to take a step of, got layout {layout}")
    if samples != "positions" and layout == "nc":
        raise Error(f"{where}: expected a layout with positions or steps for {samples}, got nc")
    if samples == "step" and (len(parts) < 3 or not isinstance(step, int) or step < 0):
        raise Error(f"{where}: expected the step's number, e.g. ({layout!r}, 'step', 0)")
    return Reading(layout, samples, step)


def batch_first_of(module: nn.Module) -> bool | None:
    """Whether a module of sequences has the batch on its first axis. None for other modules."""
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention, nn.Transformer)):
        return bool(module.batch_first)
    if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
        return bool(module.self_attn.batch_first)
    if isinstance(module, (nn.TransformerEncoder, nn.TransformerDecoder)):
        return batch_first_of(module.layers[0]) if len(module.layers) > 0 else None
    return None


# The number of spatial axes of modules that always have their channels on axis 1.
_SPATIAL: tuple[tuple[type[nn.Module], ...], ...] = (
    (nn.Conv1d, nn.ConvTranspose1d, nn.MaxPool1d, nn.AvgPool1d, nn.AdaptiveAvgPool1d,
     nn.AdaptiveMaxPool1d, nn.LPPool1d, nn.InstanceNorm1d),
    (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d,
     nn.AdaptiveMaxPool2d, nn.LPPool2d, nn.InstanceNorm2d, nn.BatchNorm2d, nn.Dropout2d),
    (nn.Conv3d, nn.ConvTranspose3d, nn.MaxPool3d, nn.AvgPool3d, nn.AdaptiveAvgPool3d,
     nn.AdaptiveMaxPool3d, nn.InstanceNorm3d, nn.BatchNorm3d, nn.Dropout3d),
)  # fmt: skip
_CHANNELS_FIRST = {2: "nc", 3: "ncl", 4: "nchw", 5: "ncdhw"}


def _spatial_axes(module: nn.Module) -> int | None:
    for axes, types in enumerate(_SPATIAL, start=1):
        if isinstance(module, types):
            return axes
    return None


def _features_of(module: nn.Module) -> int | None:
    """The size of the last axis that a module always makes; None for other modules."""
    if isinstance(module, (nn.Linear, nn.Bilinear)):
        return module.out_features
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return module.embedding_dim
    if type(module).__name__ == "Conv1D":  # of transformers, which is a linear layer
        return getattr(module, "nf", None)
    # RMSNorm has the same attribute.
    shape = getattr(module, "normalized_shape", None)
    if isinstance(shape, tuple) and len(shape) == 1:
        return int(shape[0])
    return None


@dataclass
class _Nearby:
    """What the modules in or beside a module say about its axes, by their types."""

    kinds: set[str] = field(default_factory=set)  # "1d", "2d", "3d", "features last"
    channels: set[int] = field(default_factory=set)  # of convolutions and norms, on axis 1
    features: set[int] = field(default_factory=set)  # on the last axis, such as of linear layers
    consumed: set[int] = field(default_factory=set)  # that linear layers take on the last axis

    @classmethod
    def inside(cls, scope: nn.Module) -> _Nearby:
        nearby = cls()
        for module in scope.modules():
            spatial, features = _spatial_axes(module), _features_of(module)
            if spatial is not None:
                nearby.kinds.add(f"{spatial}d")
                width = getattr(module, "out_channels", getattr(module, "num_features", None))
                nearby.channels |= {width} if isinstance(width, int) else set()
            elif features is not None:
                nearby.kinds.add("features last")
                nearby.features.add(features)
                consumed = getattr(module, "in_features", getattr(module, "nx", None))
                nearby.consumed |= {consumed} if isinstance(consumed, int) else set()
            elif isinstance(module, nn.RNNBase):
                width = module.proj_size or module.hidden_size
                nearby.features.add(width * (2 if module.bidirectional else 1))
        return nearby


class Readings:
    """How the layers of one model are read.

    The layout of an activation comes from the first of these that says it:

    1. what the user declared for the layer
    2. the module's own type: convolutions, pooling and norms have their channels on axis 1; Linear,
       Embedding and LayerNorm have their features on the last axis; recurrent and transformer
       modules have batch_first. A Linear inside a transformer layer follows its batch_first
    3. the modules inside it (for a block), or beside it (for an activation such as ReLU), and their
       numbers of channels
    4. the number of axes: 2 nc, 3 ntc, 4 nchw, 5 ncdhw

    Weights of attention have no features, and an activation that may be such is refused. So is one
    whose layout these rules leave open, because a guess would give wrong numbers
    that look right. The memory format (channels_last) does not matter: strides tell it.

    Parameters
    ----------
    model
        The network that the layers belong to.
    layers
        The watched layers.
    declared
        From a layer's name or a pattern of names to a layout ("ncl"), (layout, samples) or
        (layout, "step", number).

    Raises
    ------
    Error
        If something impossible is declared, or for no layer.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Sequence[Layer],
        declared: Mapping[str, DeclaredReading] | None = None,
    ) -> None:
        checked = {
            key: as_reading(value, f"readings[{key!r}]") for key, value in (declared or {}).items()
        }
        self._declared = resolve_by_name("readings", checked, [layer.name for layer in layers])
        self._parents: dict[int, nn.Module] = {}
        for parent in model.modules():
            for child in parent.children():
                self._parents.setdefault(id(child), parent)
        self._known: dict[int, _Nearby] = {}
        self._has_steps_first = any(batch_first_of(module) is False for module in model.modules())

    def reading_of(self, layer: Layer, tensor: torch.Tensor) -> Reading:
        """How an activation of a layer is read. Raises Error if its layout is not known."""
        declared = self._declared.get(layer.name)
        if declared is None:
            return Reading(self._layout_of(layer, tensor))
        if len(declared.layout) != tensor.dim():
            raise Error(
                f"layer {layer.name!r}: expected {len(declared.layout)} axes for its declared "
                f"layout {declared.layout}, got shape {tuple(tensor.shape)}"
            )
        return declared

    def reading_of_packed(self, layer: Layer) -> Reading:
        """How a padded PackedSequence, of batch × steps × features, is to be read.

        With the layout tnc the caller transposes it: so the layer has one layout, packed or not.
        Raises Error if something else than sequences is declared.
        """
        declared = self._declared.get(layer.name)
        if declared is None:
            return Reading("tnc" if batch_first_of(layer.module) is False else "ntc")
        if not declared.is_sequence:
            raise Error(
                f"layer {layer.name!r}: expected ntc or tnc declared for a PackedSequence, got "
                f"{declared.layout}"
            )
        return declared

    def _layout_of(self, layer: Layer, tensor: torch.Tensor) -> str:
        module, axes = layer.module, tensor.dim()
        if axes not in _CHANNELS_FIRST:
            raise _unknown(layer, tensor, "2 to 5 axes", "watch another layer or select a tensor")
        spatial = _spatial_axes(module)
        if spatial is not None:
            return _expect_axes(layer, tensor, spatial + 2, _CHANNELS_FIRST[spatial + 2])
        if isinstance(module, (nn.BatchNorm1d, nn.GroupNorm)):
            return _CHANNELS_FIRST[axes]
        batch_first = batch_first_of(module)
        if batch_first is not None:
            return _expect_axes(layer, tensor, 3, "ntc" if batch_first else "tnc")
        if axes == 2:
            return "nc"
        nearby, in_attention = self._nearby(module)
        if axes < 5 and _features_of(module) is None and may_be_weights(
            module, tensor.shape, features=nearby.features, consumed=nearby.consumed,
            channels=nearby.channels, in_attention=in_attention,
            has_convolutions=bool(nearby.kinds - {"features last"}),
        ):  # fmt: skip
            raise _may_be_weights(layer, tensor)
        if axes == 3:
            return self._layout_of_three(layer, tensor, nearby)
        channels_first = _has_channels_first(module, tensor, nearby)
        if channels_first is None and axes == 4:
            raise _undeclared(layer, tensor, "nchw", "nhwc")
        if channels_first:
            return _CHANNELS_FIRST[axes]
        if axes == 4:
            return "nhwc"
        raise _unknown(layer, tensor, "channels on axis 1 of 5 axes", "select another tensor")

    def _layout_of_three(self, layer: Layer, tensor: torch.Tensor, nearby: _Nearby) -> str:
        if nearby.kinds - {"features last"}:
            # A convolution's block may end with its channels on either axis: sizes tell.
            first = tensor.shape[1] in nearby.channels
            last = tensor.shape[2] in nearby.channels | nearby.features
            if first and not last:
                return "ncl"
            if first == last and nearby.kinds == {"1d"}:
                return "ncl"
            if first == last or nearby.kinds == {"1d"}:
                raise _undeclared(layer, tensor, "ncl", "ntc")
        for module in self._upwards(layer.module):
            batch_first = batch_first_of(module)
            if batch_first is not None:
                return "ntc" if batch_first else "tnc"
        if self._has_steps_first:
            raise _undeclared(layer, tensor, "tnc", "ntc")
        return "ntc"

    def _nearby(self, module: nn.Module) -> tuple[_Nearby, bool]:
        """Of the modules inside, or else of those inside the nearest parent that has some.

        Also whether a module without parameters is part of an attention.
        """
        nearby, in_attention = _Nearby(), False
        for scope in self._upwards(module):
            if id(scope) not in self._known:
                self._known[id(scope)] = _Nearby.inside(scope)
            nearby = self._known[id(scope)]
            in_attention |= scope is not module and is_attention(scope)
            if nearby.kinds:
                break
        passes_on = next(module.parameters(), None) is None
        return nearby, in_attention and passes_on

    def _upwards(self, module: nn.Module) -> Iterator[nn.Module]:
        current: nn.Module | None = module
        while current is not None:
            yield current
            current = self._parents.get(id(current))


def _has_channels_first(module: nn.Module, tensor: torch.Tensor, nearby: _Nearby) -> bool | None:
    """Of 4 or 5 axes: whether axis 1 has the channels, not the last one. None: either may."""
    first = tensor.shape[1] in nearby.channels
    last = tensor.shape[-1] in nearby.features
    features = _features_of(module)
    if features is not None:
        # A class derived from LayerNorm may have its channels on axis 1, such as LayerNorm2d.
        first = tensor.shape[1] == features and type(module).__module__.split(".")[0] != "torch"
        last = tensor.shape[-1] == features
    elif nearby.kinds == {"features last"}:
        # A block may split its features into heads. What passes them on may have anything.
        return False if last or any(module.children()) else None
    elif "features last" not in nearby.kinds:
        return True
    return first if first != last else None


def _expect_axes(layer: Layer, tensor: torch.Tensor, axes: int, layout: str) -> str:
    if tensor.dim() == axes:
        return layout
    raise _unknown(layer, tensor, f"{axes} axes ({layout})", "give the model batches")


def _unknown(layer: Layer, tensor: torch.Tensor, expected: str, remedy: str) -> Error:
    return Error(
        f"layer {layer.name!r}: expected {expected} from module {type(layer.module).__name__}, "
        f"got shape {tuple(tensor.shape)}; {remedy}, or declare "
        f"readings={{{layer.name!r}: layout}}"
    )


def _may_be_weights(layer: Layer, tensor: torch.Tensor) -> Error:
    layouts = " or ".join(repr(layout) for layout in LAYOUTS if len(layout) == tensor.dim())
    return Error(
        f"layer {layer.name!r}: expected features on an axis, got shape {tuple(tensor.shape)} from "
        f"module {type(layer.module).__name__}, which may be weights of attention; leave it out by "
        f"exclude=, or declare readings={{{layer.name!r}: layout}} with {layouts}"
    )


def _undeclared(layer: Layer, tensor: torch.Tensor, one: str, other: str) -> Error:
    return Error(
        f"layer {layer.name!r}: expected a declared layout, got shape {tuple(tensor.shape)} from "
        f"module {type(layer.module).__name__}, which may be {one} or {other}; declare "
        f"readings={{{layer.name!r}: {one!r}}} or {{{layer.name!r}: {other!r}}}"
    )
