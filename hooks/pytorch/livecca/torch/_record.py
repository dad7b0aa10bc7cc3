"""Recording a PyTorch network, to be compared with others later."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from livecca._errors import Error
from livecca._recorder import Recorder
from livecca.torch._hearing.batch_masks import DeclaredMask
from livecca.torch._hearing.hearing import Ears, Heard
from livecca.torch._layers.layers import Selector, select_layers
from livecca.torch._layers.outputs import OutputSelector
from livecca.torch._layers.readings import DeclaredReading
from livecca.torch._probe.evaluation import leaves_no_trace
from livecca.torch._probe.inputs import joined
from livecca.torch._probe.probe import Forward, Probe


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
    refused: dict[str, str] = {}
    heard: set[str] = set()
    masked: list[bool] = []  # of each layer with steps, whether it had a mask
    counts: list[int] = []  # of the inputs of a batch, as its layers say
    with Recorder(path, **options) as recorder:

        def take(activation: Heard) -> None:
            if activation.name in refused:
                return
            heard.add(activation.name)
            reading = activation.reading
            masked.extend([activation.valid is not None] if activation.has_steps else [])
            counts.append(reading.inputs_of(activation.tensor))
            recorder.observe(
                activation.name,
                activation.tensor.cpu(),
                reading.layout,
                samples=reading.samples,
                step=reading.step,
                mask=activation.valid_on_cpu(),
            )

        def refuse(layer: str, why: str) -> None:
            refused.setdefault(layer, why)

        modules = list(model.modules())  # all of them are in evaluation mode then
        with leaves_no_trace(model):
            for batch in probe.batches(model):
                counts.clear()
                with ears.hearing(take, refuse, batch=batch.value):
                    probe.run(model, batch.value)
                # A forward() may call train().
                recorder.set_training_mode(any(module.training for module in modules))
                if masked and not any(masked):
                    probe.tell_no_mask()
                recorder.set_inputs(joined(batch.inputs, next(iter(counts), None)))
                recorder.end_batch()
        if not heard:
            first = next(iter(refused.items()), ("no layer", "none was called"))
            raise Error(
                f"record: expected a layer that can be recorded, got {first[0]}: {first[1]}"
            )
    for layer in chosen:
        if layer.name not in heard and layer.name not in refused:
            refused[layer.name] = "it was not called"
    return tuple(f"{name}: {why}" for name, why in refused.items())
