"""How many samples and features an activation has, and how many inputs its numbers need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from livecca._warnings import log
from livecca.torch._hearing.hearing import Heard

# With fewer inputs a feature the scores of unrelated layers are high (docs/measures.md).
INPUTS_A_FEATURE = 10


@dataclass(frozen=True)
class Sizes:
    """What one activation has.

    Attributes
    ----------
    features
        Of a sample, before ``max_features`` cuts them.
    inputs
        Images or sequences.
    rows_an_input
        Samples of an input without padding, at most.
    samples
        Of all inputs; padding is left out.
    """

    features: int
    inputs: int
    rows_an_input: int
    samples: int

    @classmethod
    def of(cls, heard: Heard, positions: int | None) -> Sizes:
        """The sizes of an activation of whose positions so many are taken; None: all.

        Waits for a mask that lies on a device.
        """
        layout, shape = heard.reading.layout, heard.tensor.shape
        grid = 1
        for letter, extent in zip(layout, shape, strict=True):
            grid *= extent if letter in "dhwlt" else 1
        samples = heard.reading.samples
        inputs = heard.reading.inputs_of(heard.tensor)
        most = grid if positions is None else min(grid, positions)
        rows = most if samples == "positions" else 1
        valid = heard.valid_on_cpu()
        count = inputs * rows if valid is None else int(valid.sum(1).clamp(max=rows).sum())
        return cls(features_of(heard), inputs, rows, count)


def features_of(heard: Heard) -> int:
    """What a sample of an activation has: its channels, or all values of a flattened image."""
    layout, shape = heard.reading.layout, heard.tensor.shape
    if heard.reading.samples != "flattened":
        return shape[layout.index("c")]
    return heard.tensor.numel() // max(1, heard.reading.inputs_of(heard.tensor))


@dataclass(frozen=True)
class SmallProbe:
    """A layer that has too many features for the inputs of the probe."""

    layer: str
    features: int
    inputs: int
    others: int  # layers with the same trouble

    def __str__(self) -> str:
        others = f" and {self.others} other{'s' * (self.others > 1)}" if self.others else ""
        return (
            f"the probe is too small for layer {self.layer!r}{others}: {self.features:,} features "
            f"need {INPUTS_A_FEATURE * self.features:,} inputs, got {self.inputs:,}"
        )

    def tell(self) -> None:
        """Logs it. Not a warning of Python's: training may turn these into exceptions."""
        log.warning("livecca: %s; monitor.plan() shows all layers", self)


def small_probe(features: Collection[tuple[str, int]], inputs: int) -> SmallProbe | None:
    """The widest layer, if the probe is too small for it.

    Parameters
    ----------
    features
        Names of layers, with the features of each.
    inputs
        Of the probe.
    """
    needy = [width for _, width in features if INPUTS_A_FEATURE * width > inputs]
    if not needy or inputs == 0:
        return None
    layer, widest = max(features, key=lambda pair: pair[1])
    return SmallProbe(layer, widest, inputs, len(needy) - 1)
