"""How the passes over the probe went: what reports say beside their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from livecca._reports.report import Remarks, Report
from livecca._reports.words import one_line
from livecca._rows import EventRow, LayerRow
from livecca.torch._probe.changes import Changes, Unchanged
from livecca.torch._probe.costly_events import CostlyEvents, advised


class ProbeLog:
    """Which passes over the probe failed, and which layers the last one left out.

    Parameters
    ----------
    network
        The name of the trained network.
    costly
        What hears the run's events.
    """

    def __init__(self, network: str, costly: CostlyEvents) -> None:
        self._network = network
        self._costly = costly
        self._passes = 0  # that came to their end
        self._failures: list[str] = []
        self.last_passed = False
        self._left_out: dict[str, str] = {}
        self._no_valid_step = ""
        self._of_training = ""
        self._references: dict[str, str] = {}

    def passed(self, left_out: Mapping[str, str], no_valid_step: str = "") -> None:
        """A pass came to its end; these layers of the trained network have no numbers.

        `no_valid_step` says of a batch whose mask leaves nothing.
        """
        self._passes += 1
        self.last_passed = True
        self._left_out = dict(left_out)
        self._no_valid_step = no_valid_step

    def failed(self, why: str) -> None:
        """A pass failed."""
        self._failures.append(why)
        self.last_passed = False

    def not_heard_in_training(self, why: str) -> None:
        """The train stream has no numbers of the network or some layers, and why."""
        self._of_training = why

    def reference_failed(self, name: str, why: str) -> bool:
        """A reference network does not run on the probe. Returns whether that is news."""
        is_news = name not in self._references
        self._references[name] = why
        return is_news

    def _other_lines(self) -> list[str]:
        lines = [
            f"references[{name!r}] does not run: {one_line(why)}"
            for name, why in self._references.items()
        ]
        lines += [f"train stream: {self._of_training}"] if self._of_training else []
        return [*([self._no_valid_step] if self._no_valid_step else []), *lines]

    def left_out_lines(self) -> list[str]:
        """A line for each reason, with the layers that it is of."""
        layers: dict[str, list[str]] = {}
        reasons: dict[str, str] = {}
        for layer, why in self._left_out.items():
            reason = why.removeprefix(f"layer {layer!r}: ")
            key = reason.replace(repr(layer), "")
            reasons.setdefault(key, reason)
            layers.setdefault(key, []).append(layer)
        return [f"left out: {', '.join(layers[key])}: {reasons[key]}" for key in reasons]

    def remarks(self, unchanged: Unchanged | None) -> Remarks:
        """Those of a snapshot after the last pass."""
        failed = not self.last_passed and bool(self._failures)
        lines = [*self.left_out_lines(), *self._other_lines()]
        return _ProbeRemarks(
            self._network,
            dict(self._left_out),
            lines,
            failed,
            unchanged=unchanged,
            references=tuple(self._references),
            is_training_heard=not self._of_training,
        )

    def remarks_at_the_end(self, changes: Changes, never: str) -> Remarks:
        """Those of the report at the end of the run; `never` says that there was no snapshot."""
        lines = [*self.left_out_lines(), *self._other_lines()]
        why = never
        if self._failures:
            last = one_line(self._failures[-1])
            why = f"the probe never ran: {last}"
            if self._passes:
                every = self._passes + len(self._failures)
                why = (
                    f"the pass over the probe failed at {len(self._failures)} of {every} snapshots"
                )
                lines = [f"{why}: {last}", *lines]
        elif self._left_out:
            why = "it needs layers that are heard at two snapshots"
        elif self._no_valid_step:
            why = "a batch of the probe has no valid step"
        unchanged = changes.remark_at_the_end()
        lines += [*changes.alarms_at_the_end(), *([unchanged] if unchanged else [])]
        return _ProbeRemarks(
            self._network,
            dict(self._left_out),
            lines,
            failed=bool(self._failures or never),
            why=why,
            nonfinite=self._costly.nonfinite,
        )


@dataclass(frozen=True)
class _ProbeRemarks(Remarks):
    """Says the reason, and not the events that follow from it."""

    network: str
    left_out: Mapping[str, str]
    told: list[str] = field(default_factory=list)
    failed: bool = False
    why: str = ""
    unchanged: Unchanged | None = None  # asked when the report is printed, which waits
    references: tuple[str, ...] = ()  # those that do not run
    is_training_heard: bool = True
    nonfinite: frozenset[str] = frozenset()  # layers that were so at some snapshot

    def lines(self, report: Report) -> list[str]:
        """What to say below the report's table."""
        unchanged = "" if self.unchanged is None else self.unchanged.remark()
        return [*self.told, *self._new_layers(report), *([unchanged] if unchanged else [])]

    def words(self, event: EventRow) -> str:
        """How an event is said; empty if it follows from what the lines say."""
        return "" if self._follows(event) else advised(event)

    def why_no_numbers(self) -> str:
        """Why there are no distances to the final state."""
        return self.why

    def why_left_out(self, layer: str) -> str:
        """Why a layer has no numbers."""
        return one_line(self.left_out.get(layer, "").removeprefix(f"layer {layer!r}: "))

    def why_no_value(self, layer: str) -> str:
        """Why a layer of the final report has rows without a value."""
        return "not finite" if layer in self.nonfinite else ""

    def _new_layers(self, report: Report) -> list[str]:
        """Which layers have no number beside others that have one: they were not there before."""
        compared = {row.layer for row in report.measures}
        heard = [
            row.layer
            for row in report.of(LayerRow)
            if (row.stream, row.network) == ("probe", self.network) and row.samples > 0
        ]
        new = [layer for layer in heard if layer not in compared]
        return [f"nothing to compare with so far: {', '.join(new)}"] if compared and new else []

    def _follows(self, event: EventRow) -> bool:
        network, _, layer = event.subject.partition("/")
        if network in self.references:
            return True
        if event.subject == "train" and not self.is_training_heard:
            return event.what in ("step_discarded", "missing")
        if network == self.network and layer in self.left_out:
            return event.message == self.left_out[layer]
        of_all = (event.what, event.subject) == ("missing", self.network)
        of_inputs = (event.what, event.subject) == ("unwatchable", "inputs")
        if of_all or (of_inputs and "and no activations" in event.message):
            return self.failed or bool(self.left_out)
        follow_ups = (("missing", "probe"), ("unverified_probe", "probe"))
        return self.failed and (event.what, event.subject) in follow_ups
