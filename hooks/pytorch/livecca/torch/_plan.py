"""What a monitor would watch, and what that would take, before training begins."""

from __future__ import annotations

import time
from dataclasses import dataclass

from torch import nn

from livecca import _core
from livecca.torch._evaluation import leaves_no_trace
from livecca.torch._hearing import Ears, Heard, Refuse, Take
from livecca.torch._probe import Probe

# With fewer samples a feature the scores of unrelated layers are high (docs/measures.md).
_SAMPLES_A_FEATURE = 10
_HALF_PRECISION_BYTES = 2


@dataclass(frozen=True)
class LayerPlan:
    """One layer.

    Attributes
    ----------
    name, layout, samples
        The layer, what its axes are taken to mean, and what becomes a sample.
    shape
        Of the activation of the probe's first batch.
    features
        What a sample has; a wider layer is cut to ``max_features``.
    images
        Inputs of the probe: as many independent samples as there are.
    floor
        The mean CCA similarity that an unrelated layer of this width would have, 0 to 1.
    moments_bytes
        Memory of the sums of this layer and a reference's, and of both together.
    disk_bytes
        What a snapshot of it takes in the history, about.
    """

    name: str
    layout: str
    samples: str
    shape: tuple[int, ...]
    features: int
    images: int
    floor: float
    moments_bytes: int
    disk_bytes: int

    @property
    def advice(self) -> str:
        """What to do if the probe is too small for the layer; empty if it is not."""
        if self.images >= _SAMPLES_A_FEATURE * self.features:
            return ""
        return f"too few inputs: {_SAMPLES_A_FEATURE * self.features:,} would do"


@dataclass(frozen=True)
class Plan:
    """What :meth:`livecca.torch.Monitor.plan` returns. It prints as a table.

    Attributes
    ----------
    layers
        The layers that were heard, in their order.
    left_out
        By name, why others were not.
    images
        Inputs of the probe.
    seconds
        One pass over the probe, as long as its first batch lets expect.
    remark
        Why there would be no distances; empty if there would be some.
    """

    layers: tuple[LayerPlan, ...]
    left_out: dict[str, str]
    images: int
    seconds: float
    remark: str = ""

    def __str__(self) -> str:
        heads = ("layer", "shape", "layout", "features", "floor", "memory", "disk a snapshot", "")
        rows = [heads]
        for layer in self.layers:
            shape = "×".join(str(extent) for extent in layer.shape)
            layout = (
                layer.layout if layer.samples == "positions" else f"{layer.layout} {layer.samples}"
            )
            rows.append(
                (
                    layer.name,
                    shape,
                    layout,
                    f"{layer.features:,}",
                    f"{layer.floor:.2f}",
                    _bytes(layer.moments_bytes),
                    _bytes(layer.disk_bytes),
                    layer.advice,
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines += [f"{name}: left out, {why}" for name, why in self.left_out.items()]
        lines.append("")
        lines.append(
            f"probe: {self.images:,} inputs, about {self.seconds:.2g} s a pass; "
            f"{_bytes(sum(layer.moments_bytes for layer in self.layers))} of memory a reference, "
            f"{_bytes(sum(layer.disk_bytes for layer in self.layers))} on disk a snapshot"
        )
        lines.append("floor: the mean CCA of an unrelated layer; a score must be well above it")
        if self.remark:
            lines.append(self.remark)
        return "\n".join(lines) + "\n"


def plan_of(
    model: nn.Module, ears: Ears, probe: Probe, positions: int | None, max_features: int
) -> Plan:
    """The plan of a probe: runs its first batch, without a trace, and counts the others."""
    heard: dict[str, Heard] = {}
    left_out: dict[str, str] = {}
    images, seconds = [], 0.0
    with leaves_no_trace(model):
        for batch in probe.batches(model):
            images.append(int(batch.inputs[0].shape[0]))
            if len(images) > 1:
                continue
            begin = time.perf_counter()
            with ears.hearing(_keeps(heard), _keeps_reason(left_out), batch=batch.value):
                probe.run(model, batch.value)
            seconds = time.perf_counter() - begin
    for layer in ears.layers:
        if layer.name not in heard:
            left_out.setdefault(layer.name, "it was not called")
    return Plan(
        layers=tuple(_layer_plan(h, sum(images), positions, max_features) for h in heard.values()),
        left_out=left_out,
        images=sum(images),
        seconds=seconds * sum(images) / max(1, images[0]),
    )


def _keeps(heard: dict[str, Heard]) -> Take:
    def take(activation: Heard) -> None:
        heard[activation.name] = activation

    return take


def _keeps_reason(left_out: dict[str, str]) -> Refuse:
    def refuse(name: str, why: str) -> None:
        left_out.setdefault(name, why)

    return refuse


def _layer_plan(heard: Heard, images: int, positions: int | None, max_features: int) -> LayerPlan:
    """The plan of a layer that was heard on one batch, for a probe of so many inputs."""
    layout, shape = heard.reading.layout, tuple(heard.tensor.shape)
    grid = 1
    for letter, extent in zip(layout, shape, strict=True):
        grid *= extent if letter in "dhwlt" else 1
    channels = shape[layout.index("c")]
    features = channels * grid if heard.reading.samples == "flattened" else channels
    features = min(features, max_features) if max_features > 0 else features
    rows = grid if heard.reading.samples == "positions" else 1
    if positions is not None:
        rows = min(rows, positions)
    return LayerPlan(
        name=heard.name,
        layout=layout,
        samples=heard.reading.samples,
        shape=shape,
        features=features,
        images=images,
        floor=_core.mean_correlation_floor(features, features, float(images)),
        moments_bytes=3 * 8 * features * features,
        disk_bytes=_HALF_PRECISION_BYTES * images * rows * features,
    )


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
