"""Recording a network's activations on a probe into a pack."""

from __future__ import annotations

import os
from typing import Any

from livecca import _arrays, _checks, _core
from livecca._errors import Error
from livecca._row_choice import ChoosesRows


def _options_of(monitor: Any, network: str) -> Any:
    """How a monitor needs it: livecca.Monitor, or livecca.torch.Monitor, which is not imported."""
    if not hasattr(monitor, "_recorder_options"):
        _checks.refuse("monitor", "a livecca.Monitor or a livecca.torch.Monitor", monitor)
    return monitor._recorder_options(network)


def _checked(layer: str, layout: str, samples: str, step: int) -> tuple[str, str, str, int]:
    """What a layer's activations are, in the core's order."""
    return (
        _checks.text("layer", layer),
        _checks.text("layout", layout),
        _checks.text("samples", samples),
        _checks.whole_number("step", step, 0),
    )


class Recorder(ChoosesRows):
    """Writes a pack: what a monitor compares with by :meth:`livecca.Monitor.add_reference`.

    For each batch of the probe tell the inputs, observe each layer, and end the batch. The file is
    complete or absent. As a context manager it finishes at the end, or writes nothing if an
    exception comes.

    Parameters
    ----------
    path
        The file to write, a .safetensors.
    monitor
        Record as this monitor needs it: the same positions, features and choice of images. Without
        one give the same options as the monitors that will compare.
    network, epoch, step
        Facts that the pack keeps.
    positions, position_seed
        How many positions of each image become samples; ``None`` means all.
    max_features, feature_seed
        Wider layers are cut to a seeded choice of so many features.
    precision
        ``"half"`` (scaled half precision where it does no harm) or ``"exact"``.
    images, images_seed
        Keep a seeded choice of so many images; 0 keeps all.

    Raises
    ------
    Error
        On impossible options, or if the folder cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        monitor: Any = None,
        network: str = "net",
        epoch: int = 0,
        step: int = 0,
        positions: int | None = 16,
        position_seed: int = 0,
        max_features: int = 2048,
        feature_seed: int = 0,
        precision: str = "half",
        images: int = 0,
        images_seed: int = 0,
    ) -> None:
        network = _checks.text("network", network)
        if monitor is not None:
            options = _options_of(monitor, network)
        else:
            options = _core.RecorderOptions()
            options.network = network
            options.set_positions(
                _checks.count_or_none("positions", positions),
                _checks.whole_number("position_seed", position_seed, 0),
            )
            options.max_features = _checks.whole_number("max_features", max_features, 0)
            options.feature_seed = _checks.whole_number("feature_seed", feature_seed, 0)
            options.set_precision(_checks.text("precision", precision))
            options.images = _checks.whole_number("images", images, 0)
            options.images_seed = _checks.whole_number("images_seed", images_seed, 0)
        options.epoch = _checks.integer("epoch", epoch)
        options.step = _checks.whole_number("step", step, 0)
        self._core: Any = _core.Recorder(_checks.path("path", path), options)

    def _open(self) -> Any:
        if self._core is None:
            raise Error("expected a recorder that is open, got one that is finished")
        return self._core

    def set_inputs(self, inputs: Any) -> None:
        """Tell the inputs of this batch, for the fingerprint of the probe."""
        self._open().set_inputs(_arrays.input_array(inputs, "inputs"))

    def observe(
        self,
        layer: str,
        array: Any,
        layout: str = "nc",
        *,
        samples: str = "positions",
        step: int = 0,
        mask: Any = None,
    ) -> None:
        """Record a layer's activations of this batch; see :meth:`livecca.Step.observe`."""
        self._open().observe(
            *_checked(layer, layout, samples, step),
            _arrays.readable(array, f"layer {layer!r}"),
            _arrays.valid_steps(mask),
        )

    def observe_gathered(
        self,
        layer: str,
        rows: Any,
        positions: Any,
        shape: tuple[int, ...],
        layout: str = "nc",
        *,
        samples: str = "positions",
        step: int = 0,
        mask: Any = None,
    ) -> None:
        """Record rows that were gathered on a device; see :meth:`livecca.Step.observe_gathered`."""
        self._open().observe_gathered(
            *_checked(layer, layout, samples, step),
            _arrays.readable(rows, f"layer {layer!r}"),
            positions,
            shape,
            _arrays.valid_steps(mask),
        )

    def _choice(self) -> Any:
        return self._open().choice()

    def set_training_mode(self, is_training: bool) -> None:
        """Tell whether the network runs in training mode in this batch.

        The pack is of training mode if any of its batches is; without this call it is not. Rows of
        comparisons with it say so (``modes``).
        """
        self._open().set_training_mode(_checks.flag("is_training", is_training))

    def end_batch(self) -> None:
        """End a batch."""
        self._open().end_batch()

    def finish(self) -> None:
        """Write the file. Raises Error, and writes nothing, if a layer or inputs are missing."""
        recorder, self._core = self._open(), None
        recorder.finish()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        self._core = None
