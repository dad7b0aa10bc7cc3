"""Recording a PyTorch network, to be compared with others later."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from livecca._errors import Error
from livecca._recorder import Recorder
from livecca._row_choice import TakesRows
from livecca.torch._devices.device_rows import DeviceRows, Devices
from livecca.torch._hearing.batch_masks import DeclaredMask
from livecca.torch._hearing.hearing import Ears, Heard
from livecca.torch._layers.layers import Selector, select_layers
from livecca.torch._layers.outputs import OutputSelector
from livecca.torch._layers.readings import DeclaredReading, Reading
from livecca.torch._probe.evaluation import leaves_no_trace
from livecca.torch._probe.inputs import joined
from livecca.torch._probe.probe import Forward, Probe


@dataclass(frozen=True)
class _Layer:
    """A layer that is recorded, and how it is read."""

    name: str
    reading: Reading


class _Batch(TakesRows[_Layer]):
    """The open batch of a recorder, to which rows come as to a step of a monitor."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def _choice(self) -> Any:
        return self._recorder._choice()

    def observe(self, tap: _Layer, array: Any, mask: Any = None) -> None:
        self._recorder.observe(tap.name, array, mask=mask, **_options_of(tap.reading))

    def observe_gathered(
        self, tap: _Layer, rows: Any, positions: Any, shape: tuple[int, ...], mask: Any = None
    ) -> None:
        self._recorder.observe_gathered(
            tap.name, rows, positions, shape, mask=mask, **_options_of(tap.reading)
        )

    def add_observing_time(self, seconds: float) -> None:
        """There is no budget for recording."""


def _options_of(reading: Reading) -> dict[str, Any]:
    return {"layout": reading.layout, "samples": reading.samples, "step": reading.step}


class _Recording:
    """What is heard of a network while it is recorded.

    Parameters
    ----------
    recorder
        What takes the activations.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.heard: set[str] = set()
        self.refused: dict[str, str] = {}
        self.masked: list[bool] = []  # of each layer with steps, whether it had a mask
        self.inputs: int | None = None  # of the batch, as its first layer says
        self._batch = _Batch(recorder)
        self._devices = Devices()
        self.begin_batch()

    def begin_batch(self) -> None:
        """Call it before each batch."""
        self.inputs = None
        self.rows = DeviceRows(self._batch, self._devices)

    def take(self, activation: Heard) -> None:
        """Records an activation, or gathers its rows, which travel until rows.hand_over()."""
        name, reading = activation.name, activation.reading
        if name in self.refused:
            return
        self.heard.add(name)
        self.masked += [activation.valid is not None] if activation.has_steps else []
        if self.inputs is None:
            self.inputs = reading.inputs_of(activation.tensor)
        layer = _Layer(name, reading)
        if not self.rows.take(layer, activation, partial(self.refuse, name)):
            self._batch.observe(layer, activation.tensor, activation.valid_on_cpu())

    def refuse(self, layer: str, why: str) -> None:
        """Keeps the first reason why a layer cannot be recorded."""
        self.refused.setdefault(layer, why)


def record(
    model: nn.Module,
    probe: Probe | Iterable[Any],
    path: str | os.PathLike[str],
    layers: Selector | Sequence[Selector] = "*",
    *,
    exclude: Selector | Sequence[Selector] = (),
    readings: Mapping[str, DeclaredReading] | None = None,
    outputs: Mapping[str, OutputSelector] | None = None,
    mask: DeclaredMask = None,
    forward: Forward | None = None,
    **options: Any,
) -> tuple[str, ...]:
    """Run a network on a probe and write what its layers put out into a pack.

    A monitor compares with it: ``references={"seed7": "seed7.safetensors"}``. The probe must be the
    monitor's, and so must the options: give ``positions=`` and the like to both, or neither.

    Parameters
    ----------
    model, probe, layers, exclude, readings, outputs, mask, forward
        As of :class:`livecca.torch.Monitor`.
    path
        The file to write, a .safetensors. It is complete or absent.
    **options
        As of :class:`livecca.Recorder`: ``network``, ``epoch``, ``positions``, ``precision``, …

    Returns
    -------
    tuple of str
        A line for each layer that could not be recorded, and why.

    Raises
    ------
    Error
        If nothing could be recorded, or the file cannot be written.
    """
    if not isinstance(probe, Probe):
        probe = Probe(probe, forward=forward)
    chosen = select_layers(model, layers, exclude)
    ears = Ears(model, chosen, readings=readings, outputs=outputs, mask=mask)
    with Recorder(path, **options) as recorder:
        recording = _Recording(recorder)
        modules = list(model.modules())  # all of them are in evaluation mode then
        with leaves_no_trace(model):
            for batch in probe.batches(model):
                recording.begin_batch()
                with ears.hearing(recording.take, recording.refuse, batch=batch.value):
                    probe.run(model, batch.value)
                recording.rows.hand_over()
                # A forward() may call train().
                recorder.set_training_mode(any(module.training for module in modules))
                if recording.masked and not any(recording.masked):
                    probe.tell_no_mask()
                recorder.set_inputs(joined(batch.inputs, recording.inputs))
                recorder.end_batch()
        heard, refused = recording.heard, recording.refused
        if not heard:
            first = next(iter(refused.items()), ("no layer", "none was called"))
            raise Error(
                f"record: expected a layer that can be recorded, got {first[0]}: {first[1]}"
            )
    for layer in chosen:
        if layer.name not in heard and layer.name not in refused:
            refused[layer.name] = "it was not called"
    return tuple(f"{name}: {why}" for name, why in refused.items())
