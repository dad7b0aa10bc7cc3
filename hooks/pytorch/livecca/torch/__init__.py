"""livecca for PyTorch: watch the layers of a network while it trains."""

from livecca.torch._hearing.hearing import tap
from livecca.torch._monitor import Monitor
from livecca.torch._plan import LayerPlan, Plan
from livecca.torch._probe.evaluation import leaves_no_trace
from livecca.torch._probe.probe import Probe
from livecca.torch._record import record
from livecca.torch._references import Checkpoint

__all__ = [
    "Checkpoint",
    "LayerPlan",
    "Monitor",
    "Plan",
    "Probe",
    "leaves_no_trace",
    "record",
    "tap",
]
