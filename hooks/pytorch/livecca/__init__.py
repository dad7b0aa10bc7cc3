"""Watch representations converge while a network trains.

``compare()`` compares two arrays of activations; ``Moments`` and ``Panel`` gather them batch by
batch first. ``Monitor`` watches a training of any framework; ``livecca.torch.Monitor`` does it for
PyTorch in a few lines. ``read_run()`` reads what a monitor wrote, ``serve()`` shows it live.
"""

from livecca import _core
from livecca._comparison import Comparison, compare, measures
from livecca._errors import Error
from livecca._moments import Moments
from livecca._monitor import Monitor, Step, Tap
from livecca._panel import Panel
from livecca._recorder import Recorder
from livecca._replay import replay
from livecca._reports.final import FinalReport
from livecca._reports.snapshot import Snapshot
from livecca._rows import (
    DirectionRow,
    DriftRow,
    EventRow,
    LayerRow,
    LogRow,
    MeasureRow,
    OverheadRow,
    Row,
    RunRow,
    SpectrumRow,
    VerdictRecordRow,
    VerdictRow,
)
from livecca._run import Run, read_run
from livecca._serve import Server, serve
from livecca._settings import Pairing, Schedule, Window
from livecca._sinks import Prometheus, TensorBoard

__version__: str = _core.version

__all__ = [
    "Comparison",
    "DirectionRow",
    "DriftRow",
    "Error",
    "EventRow",
    "FinalReport",
    "LayerRow",
    "LogRow",
    "MeasureRow",
    "Moments",
    "Monitor",
    "OverheadRow",
    "Pairing",
    "Panel",
    "Prometheus",
    "Recorder",
    "Row",
    "Run",
    "RunRow",
    "Schedule",
    "Server",
    "Snapshot",
    "SpectrumRow",
    "Step",
    "Tap",
    "TensorBoard",
    "VerdictRecordRow",
    "VerdictRow",
    "Window",
    "compare",
    "measures",
    "read_run",
    "replay",
    "serve",
]
