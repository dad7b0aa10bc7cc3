"""Where rows go beside rows.jsonl."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from livecca import _checks, _core
from livecca._errors import Error


@dataclass(frozen=True)
class TensorBoard:
    """TensorBoard's event files; ``"tensorboard"`` is short for one with these defaults.

    A layer is a run of TensorBoard's: a chart has all layers as named, coloured lines. To look at
    them: ``tensorboard --logdir RUN_DIR/tensorboard``.

    Attributes
    ----------
    folder
        By default ``tensorboard`` in the run's folder.
    axis
        The charts' horizontal axis: ``"step"``, the training steps, or ``"epoch"``.
    """

    folder: str | os.PathLike[str] | None = None
    axis: str = "step"


@dataclass(frozen=True)
class Prometheus:
    """A page of metrics for Prometheus at ``http://ADDRESS:PORT/metrics``; ``"prometheus"`` is
    short for one with these defaults.

    Attributes
    ----------
    port
        Of each run that is watched at the same time another one.
    address
        Where it listens. ``"0.0.0.0"`` lets other machines in.
    """

    port: int = 9464
    address: str = "127.0.0.1"


Sink = str | TensorBoard | Prometheus


def core_sinks(sinks: Any) -> list[_core.Sink]:
    """The core's sinks. Raises Error if one is none."""
    given = [sinks] if isinstance(sinks, (str, TensorBoard, Prometheus)) else list(sinks or ())
    return [_core_sink(sink) for sink in given]


def _core_sink(sink: Any) -> _core.Sink:
    if isinstance(sink, str) and sink == "tensorboard":
        sink = TensorBoard()
    elif sink == "prometheus":
        sink = Prometheus()
    if isinstance(sink, TensorBoard):
        folder = "" if sink.folder is None else _checks.path("sinks: folder", sink.folder)
        if sink.axis not in ("step", "epoch"):
            _checks.refuse("sinks: axis", "'step' or 'epoch'", sink.axis)
        return _core.tensorboard_sink(folder, sink.axis == "epoch")
    if isinstance(sink, Prometheus):
        port = _checks.whole_number("sinks: port", sink.port)
        if port > 65535:
            _checks.refuse("sinks: port", "a number from 1 to 65535", port)
        return _core.prometheus_sink(_checks.text("sinks: address", sink.address), port)
    raise Error(
        "sinks: expected 'tensorboard', 'prometheus', a livecca.TensorBoard or a "
        f"livecca.Prometheus, got {sink!r}"
    )
