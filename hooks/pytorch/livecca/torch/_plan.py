"""What a monitor would watch, and what that would take, before training begins."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
from torch import nn

from livecca import _core
from livecca._reports import html
from livecca._warnings import log
from livecca.torch._hearing.hearing import Ears, Heard, Refuse, Take
from livecca.torch._probe.evaluation import leaves_no_trace
from livecca.torch._probe.masks import no_valid_step_in
from livecca.torch._probe.probe import Probe, ProbeBatch, copied, device_of
from livecca.torch._probe.sizes import INPUTS_A_FEATURE, Sizes

_HEADS = ("layer", "shape", "layout", "samples", "features", "floor", "memory", "disk", "")
_HISTORY_BYTE_LIMIT = 4 << 30  # by default


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
    samples_a_pass
        Samples of a pass over the probe.
    floor
        The mean CCA similarity that an unrelated layer of this width would have, 0 to 1.
    moments_bytes
        Memory of the sums of this layer and a reference's, and of both together.
    disk_bytes
        What a snapshot of it takes in the history, at most. Where half precision does, which shows
        at the snapshot only, it is half of that for float32.
    step_bytes, step_operations
        Of an observed step of training, on as many inputs as the probe's first batch has: what your
        thread copies; multiplications and additions beside training, for one reference.
    is_about
        Whether ``samples_a_pass`` is only about right: a mask leaves steps out, and of other
        batches than the first it is not known how many.
    """

    name: str
    layout: str
    samples: str
    shape: tuple[int, ...]
    features: int
    images: int
    samples_a_pass: int
    floor: float
    moments_bytes: int
    disk_bytes: int
    step_bytes: int
    step_operations: int
    is_about: bool = False

    @property
    def advice(self) -> str:
        """What to do if the probe is too small for the layer; empty if it is not."""
        if self.images >= INPUTS_A_FEATURE * self.features:
            return ""
        return f"too few inputs: {INPUTS_A_FEATURE * self.features:,} would do"


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
    batch
        Inputs of its first batch.
    seconds
        One pass over the probe, about: of the faster of two runs of its first batch.
    epochs
        Of the training; None if plan() was not told.
    history_byte_limit
        What snapshots take on disk in all, at most.
    remark
        Why there would be no distances, and what looks wrong with the probe; a line each.
    """

    layers: tuple[LayerPlan, ...]
    left_out: dict[str, str]
    images: int
    batch: int
    seconds: float
    epochs: int | None
    history_byte_limit: int
    remark: str = ""

    @property
    def disk_bytes(self) -> int:
        """What a snapshot takes on disk, at most."""
        return sum(layer.disk_bytes for layer in self.layers)

    @property
    def disk_bytes_in_all(self) -> int | None:
        """What the run's snapshots take on disk, at most: one before training and one an epoch.

        None if the number of epochs is not known.
        """
        if self.epochs is None:
            return None
        return min(self.disk_bytes * (self.epochs + 1), self.history_byte_limit)

    def __str__(self) -> str:
        rows = [_HEADS, *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines += self._left_out_lines()
        return "\n".join([*lines, "", *self._notes()]) + "\n"

    def _repr_html_(self) -> str:
        rows = [map(escape, row) for row in self._rows()]
        return html.table(_HEADS, rows, *self._left_out_lines(), *self._notes())

    def _rows(self) -> list[tuple[str, ...]]:
        """The cells of each layer."""
        rows: list[tuple[str, ...]] = []
        for layer in self.layers:
            whole = layer.samples == "positions"
            rows.append(
                (
                    layer.name,
                    "×".join(str(extent) for extent in layer.shape),
                    layer.layout if whole else f"{layer.layout} {layer.samples}",
                    f"{'about ' if layer.is_about else ''}{layer.samples_a_pass:,}",
                    f"{layer.features:,}",
                    f"{layer.floor:.2f}",
                    _bytes(layer.moments_bytes),
                    f"≤ {_bytes(layer.disk_bytes)}",
                    layer.advice,
                )
            )
        return rows

    def _left_out_lines(self) -> list[str]:
        return [f"{name}: left out, {why}" for name, why in self.left_out.items()]

    def _notes(self) -> list[str]:
        """What there is to say of all layers together."""
        memory = sum(layer.moments_bytes for layer in self.layers)
        copied = sum(layer.step_bytes for layer in self.layers)
        operations = sum(layer.step_operations for layer in self.layers)
        return [
            f"probe: {self.images:,} inputs, about {self.seconds:.2g} s a pass; "
            f"{_bytes(memory)} of memory a reference, "
            f"at most {_bytes(self.disk_bytes)} on disk a snapshot{self._in_all()}",
            f"an observed training step of {self.batch:,} inputs: "
            f"{_bytes(copied)} copied by your thread, {_count(operations)} operations beside it",
            "floor: the mean CCA of an unrelated layer; a score must be well above it",
            *self._inputs_needed(),
            *self.remark.splitlines(),
        ]

    def _inputs_needed(self) -> list[str]:
        """How many inputs the widest layer needs, if there are layers."""
        if not self.layers:
            return []
        widest = max(self.layers, key=lambda layer: layer.features)
        needed = INPUTS_A_FEATURE * widest.features
        there = "there are enough" if self.images >= needed else f"there are {self.images:,}"
        return [
            f"inputs: the widest layer, {widest.name} of {widest.features:,} features, needs "
            f"{needed:,} different ones, with which unrelated layers have a floor of 0.27; {there}"
        ]

    def _in_all(self) -> str:
        if self.disk_bytes_in_all is None:
            return ""
        return f", {_bytes(self.disk_bytes_in_all)} in {self.epochs:,} epochs"


def plan_of(
    model: nn.Module,
    ears: Ears,
    probe: Probe,
    options: Mapping[str, Any],
    epochs: int | None = None,
) -> Plan:
    """The plan of a probe: runs its first batch twice, without a trace, and counts the others.

    Parameters
    ----------
    model, ears, probe
        The network, its layers, the inputs.
    options
        Of the monitor: ``positions``, ``max_features``, ``keep_history``, ``history_byte_limit``.
    epochs
        Of the training.
    """
    heard: dict[str, Heard] = {}
    left_out: dict[str, str] = {}
    images, seconds = list[int](), 0.0
    count = _Counter()
    no_valid_step = ""
    with leaves_no_trace(model):
        for batch in probe.batches(model):
            if not images:
                try:
                    seconds = _run(model, ears, probe, batch, heard, left_out)
                except Exception:
                    if probe.doubt:
                        log.warning("livecca: %s", probe.doubt)
                    raise
                count = _Counter.of(batch, heard)
                masked = [one.valid is not None for one in heard.values() if one.has_steps]
                if masked and not any(masked):
                    probe.tell_no_mask()
                no_valid_step = no_valid_step_in(_all_padding(heard))
            images.append(count(batch))
    doubt = probe.doubt if left_out else ""
    for layer in ears.layers:
        if layer.name not in heard:
            left_out.setdefault(layer.name, "it was not called")
    return Plan(
        layers=tuple(_layer_plan(one, sum(images), options) for one in heard.values()),
        left_out=left_out,
        images=sum(images),
        batch=images[0],
        seconds=seconds * sum(images) / max(1, images[0]),
        epochs=epochs,
        history_byte_limit=int(options.get("history_byte_limit", _HISTORY_BYTE_LIMIT)),
        remark="\n".join(filter(None, (probe.remark, no_valid_step, doubt))),
    )


def _all_padding(heard: Mapping[str, Heard]) -> list[str]:
    """The layers of whose steps the mask leaves none."""
    masks = {name: one.valid for name, one in heard.items()}
    return [
        name
        for name, valid in masks.items()
        if valid is not None and valid.numel() > 0 and not bool(valid.any())
    ]


def _run(
    model: nn.Module,
    ears: Ears,
    probe: Probe,
    batch: ProbeBatch,
    heard: dict[str, Heard],
    left_out: dict[str, str],
) -> float:
    """Runs a batch, fills `heard` and `left_out`, and returns the seconds.

    These are of the faster of two runs: a network's first run does what later ones need not.
    """
    again = copied(batch.value, device_of(model))  # a network may change its inputs in place
    runs = ((batch.value, heard, left_out), (again, dict[str, Heard](), dict[str, str]()))
    taken = list[float]()
    for value, takes, refuses in runs:
        begin = time.perf_counter()
        with ears.hearing(_keeps(takes), _keeps_reason(refuses), batch=value):
            probe.run(model, value)
        taken.append(time.perf_counter() - begin)
    return min(taken)


@dataclass(frozen=True)
class _Counter:
    """Counts the inputs of a batch: the extent of one axis of one of its tensors."""

    tensor: int = 0
    axis: int = 0

    @classmethod
    def of(cls, batch: ProbeBatch, heard: Mapping[str, Heard]) -> _Counter:
        """Finds the axis that is as long as a layer of the batch has inputs.

        The first axis goes first, or the second one where a layer has its steps first.
        """
        for one in heard.values():
            inputs = one.reading.inputs_of(one.tensor)
            for axis in (1, 0) if one.reading.layout == "tnc" else (0, 1):
                for number, tensor in enumerate(batch.inputs):
                    if tensor.dim() > axis and tensor.shape[axis] == inputs:
                        return cls(number, axis)
        with_axes = [number for number, tensor in enumerate(batch.inputs) if tensor.dim() > 0]
        return cls(with_axes[0] if with_axes else 0)

    def __call__(self, batch: ProbeBatch) -> int:
        tensor = batch.inputs[min(self.tensor, len(batch.inputs) - 1)]
        return tensor.shape[self.axis] if tensor.dim() > self.axis else 1


def _keeps(heard: dict[str, Heard]) -> Take:
    def take(activation: Heard) -> None:
        heard[activation.name] = activation

    return take


def _keeps_reason(left_out: dict[str, str]) -> Refuse:
    def refuse(name: str, why: str) -> None:
        left_out.setdefault(name, why)

    return refuse


def _layer_plan(heard: Heard, images: int, options: Mapping[str, Any]) -> LayerPlan:
    """The plan of a layer that was heard on one batch, for a probe of so many inputs."""
    sizes = Sizes.of(heard, options.get("positions", 16))
    most = int(options.get("max_features", 2048))
    features = min(sizes.features, most) if most > 0 else sizes.features
    step_samples = sizes.samples
    stored = 8 if heard.tensor.dtype == torch.float64 else 4
    if not options.get("keep_history", True):
        stored = 0
    return LayerPlan(
        name=heard.name,
        layout=heard.reading.layout,
        samples=heard.reading.samples,
        shape=tuple(heard.tensor.shape),
        features=features,
        images=images,
        samples_a_pass=round(step_samples * images / max(1, sizes.inputs)),
        floor=_core.mean_correlation_floor(features, features, float(images)),
        moments_bytes=3 * 8 * features * features,
        disk_bytes=stored * images * sizes.rows_an_input * features,
        step_bytes=heard.tensor.element_size() * step_samples * features,
        # The layer's products with itself, the reference's, and those of both.
        step_operations=2 * 3 * step_samples * features * features,
        is_about=heard.valid is not None and images != sizes.inputs,
    )


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def _count(count: float) -> str:
    for name in ("", " thousand", " million"):
        if count < 1000:
            return f"{count:.3g}{name}"
        count /= 1000
    return f"{count:,.3g} billion"
