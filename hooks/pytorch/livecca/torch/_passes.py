"""Hands what the networks' layers put out to the core monitor."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn

from livecca._errors import Error
from livecca._monitor import Monitor as CoreMonitor
from livecca._monitor import Step, Tap
from livecca._reports.report import Remarks
from livecca._reports.words import one_line
from livecca._warnings import log
from livecca.torch._devices.device_rows import DeviceRows, Devices
from livecca.torch._hearing.hearing import Ears, Heard, nothing_raised
from livecca.torch._layers.layers import without_wrappers
from livecca.torch._probe.changes import Changes
from livecca.torch._probe.costly_events import CostlyEvents
from livecca.torch._probe.evaluation import leaves_no_trace
from livecca.torch._probe.inputs import joined
from livecca.torch._probe.masks import no_valid_step_in
from livecca.torch._probe.probe import Probe, ProbeBatch, copied, device_of
from livecca.torch._probe.probe_log import ProbeLog
from livecca.torch._probe.sizes import features_of, small_probe
from livecca.torch._probe.told_snapshots import Expected, ToldSnapshots
from livecca.torch._training import TrainingPass

_NOT_CALLED = (
    "expected the layer to be called in {}, it was not: its forward() may be called directly, or "
    "it is not used, or it is inside of torch.compile, whose code calls no hooks in training: of a "
    "compiled block the output is heard, so watch the block"
)
_PROBE_PASS = "a pass over the probe"
_TRAINING = "training"
_NO_PASS = (
    "expected a forward pass of the network in training mode between two calls of step(), got none "
    "whose layers can be heard: torch.compile's code calls no hooks (compile the blocks instead of "
    "the whole network, and their outputs are heard), and a direct call of forward() or of another "
    "method does not; the probe is watched all the same"
)


@dataclass(frozen=True)
class Watched:
    """A network and its layers.

    Attributes
    ----------
    name
        What its rows are called by.
    model
        The network, with whatever wraps it.
    ears
        Its layers.
    """

    name: str
    model: nn.Module
    ears: Ears


class Passes:
    """Runs passes over the probe, and opens steps for passes of training.

    Parameters
    ----------
    core
        What takes the activations.
    trained
        The network that is trained.
    references
        The networks that run beside it, on the same inputs.
    costly
        What hears the core's events.
    told_snapshots
        What the core calls with its snapshots.
    """

    def __init__(
        self,
        core: CoreMonitor,
        trained: Watched,
        references: Sequence[Watched],
        costly: CostlyEvents,
        told_snapshots: ToldSnapshots,
    ) -> None:
        self._core = core
        self._trained = trained
        self._references = tuple(references)
        self._taps: dict[tuple[str, str], Tap] = {}
        self._told: set[str] = set()
        self._devices = Devices()
        self._waiting: _Hearing | None = None  # a step of training whose rows travel
        self._features: dict[str, int] = {}  # of the trained network's layers
        self._costly = costly
        self._told_snapshots = told_snapshots
        self.advice = ""  # what to do about the probe
        self.changes = Changes(trained.name)
        self._log = ProbeLog(trained.name, costly)

    def run_probe(self, probe: Probe, epoch: int) -> None:
        """Runs all networks over the probe. A pass that fails is dropped, with an event."""
        networks = (self._trained, *self._references)
        inputs = 0
        heard = _HeardInPass()
        try:
            with leaves_no_trace(*(network.model for network in networks)):
                for batch in probe.batches(self._trained.model):
                    with self._core.begin("probe", epoch) as step:
                        inputs += self._run_batch(step, probe, batch, heard)
        except BaseException as reason:
            why = f"{type(reason).__name__}: {reason}"
            if probe.doubt and isinstance(reason, Exception):
                why = f"{why}; {probe.doubt}"
            self._log.failed(why)
            self._core.discard_probe_pass(epoch, why)
            if not isinstance(reason, Exception):
                raise  # the user's wish to end the program
        else:
            with nothing_raised():
                self._log_pass(heard)
                self._tell_small_probe(inputs)

    def expect_snapshot(self, epoch: int) -> Expected:
        """What to say of the next snapshot beside its rows. Call it once for each, before it."""
        unchanged = self.changes.add() if self._log.last_passed else None
        expected = Expected(self._log.remarks(unchanged), self.advice, unchanged)
        self._told_snapshots.expect(epoch, expected)
        return expected

    def remarks_at_the_end(self, never: str) -> Remarks:
        """What to say of the whole run; `never` says that there was no snapshot."""
        return self._log.remarks_at_the_end(self.changes, never)

    def open_training(self, epoch: int) -> TrainingPass | None:
        """A step of the train stream, if one is due."""
        step = self._core.begin_if_due("train", epoch)
        if step is None:
            return None
        hearing = _Hearing(self, step, self._devices)

        def end(came_to_its_end: bool) -> None:
            if not came_to_its_end:
                step.discard()
                return
            self._tell_not_called(hearing, _TRAINING)
            self._waiting = hearing
            if not hearing.rows.are_travelling:
                self.hand_over()

        def run_beside(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
            begin = time.perf_counter()
            for network in self._references:
                self._run_beside_training(hearing, network, arguments, named)
            step.add_reference_time(time.perf_counter() - begin)

        name = self._trained.name
        return TrainingPass(
            hearing.take_of(name), hearing.refuse_of(name), run_beside, end, self.hand_over
        )

    def hand_over(self) -> None:
        """Commits the step of training whose rows travel from a device, if there is one.

        The later this is called, the less it waits: training goes on meanwhile.
        """
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            with nothing_raised():
                waiting.rows.hand_over()
                waiting.step.commit()

    def tell_no_training(self, epoch: int) -> None:
        """Writes an event, once: training went on and no pass of it was heard."""
        if "no pass" in self._told:
            return
        step = self._core.begin_if_due("train", epoch)
        if step is None:
            return
        self._told.add("no pass")
        self._log.not_heard_in_training(_NO_PASS)
        log.warning("livecca: train stream: %s", _NO_PASS)
        step.report_unwatchable(f"{self._trained.name}: train stream", _NO_PASS)
        step.discard()

    def _log_pass(self, heard: _HeardInPass) -> None:
        """Keeps which layers have no numbers, and warns when some have none for the first time."""
        name = self._trained.name
        refused = {layer: why for (of, layer), why in heard.refused.items() if of == name}
        called = {layer for of, layer in heard.names if of == name}
        left_out = {}
        for layer in (each.name for each in self._trained.ears.layers):
            if layer not in called:
                left_out[layer] = _NOT_CALLED.format(_PROBE_PASS)
            elif layer in refused:
                left_out[layer] = refused.pop(layer)
        left_out |= refused  # further calls of a layer, such as "norm#2"
        no_valid_step = no_valid_step_in(heard.all_padding)
        self._log.passed(left_out, no_valid_step)
        if no_valid_step and "no valid step" not in self._told:
            self._told.add("no valid step")
            log.warning("livecca: %s", no_valid_step)
            self._costly.expect("history_failed")  # of a layer without samples
        if left_out and "left out" not in self._told:
            self._told.add("left out")
            log.warning("livecca: %s", one_line("; ".join(self._log.left_out_lines()), 1000))

    def _run_batch(self, step: Step, probe: Probe, batch: ProbeBatch, heard: _HeardInPass) -> int:
        """Runs all networks over a batch. Returns how many inputs it has."""
        hearing = _Hearing(self, step, self._devices)
        for network in (self._trained, *self._references):
            try:
                self._run_network(hearing, network, probe, batch)
            except Exception as reason:
                if network is self._trained:
                    raise
                self._tell_failed_reference(step, network, reason)
        hearing.rows.hand_over()
        if not hearing.fits(batch):
            self._tell_doubt(probe)
        if hearing.masks and all(mask is None for _, _, mask in hearing.masks):
            probe.tell_no_mask()
        step.set_inputs(joined(batch.inputs, hearing.inputs))
        heard.names |= hearing.names
        heard.refused |= hearing.refused
        heard.all_padding |= hearing.all_padding(self._trained.name)
        self._tell_not_called(hearing, _PROBE_PASS)
        return hearing.inputs or 0

    def _run_network(
        self, hearing: _Hearing, network: Watched, probe: Probe, batch: ProbeBatch
    ) -> None:
        value = batch.value
        if self._references:  # a network may change its inputs in place
            value = copied(value, device_of(network.model))
        take, refuse = hearing.take_of(network.name), hearing.refuse_of(network.name)
        modules = list(network.model.modules())  # all of them are in evaluation mode now
        with network.ears.hearing(take, refuse, batch=value):
            probe.run(network.model, value)
        if any(module.training for module in modules):  # a forward() may call train()
            hearing.step.set_training_mode(network.name, True)

    def _tell_failed_reference(self, step: Step, network: Watched, reason: Exception) -> None:
        """A reference that cannot run on the probe costs its own numbers only."""
        why = f"{type(reason).__name__}: {reason}"
        step.report_unwatchable(network.name, why)
        if self._log.reference_failed(network.name, why):
            log.warning("livecca: references[%r] does not run: %s", network.name, one_line(why))

    def learn_features(self, network: str, heard: Heard, step: Step) -> None:
        """Keeps how many features of a sample the core takes."""
        if network == self._trained.name and heard.name not in self._features:
            width = features_of(heard)
            chosen = step.features(width)
            self._features[heard.name] = width if chosen is None else len(chosen)

    def _tell_doubt(self, probe: Probe) -> None:
        """Warns once that batches look like single inputs, if they do."""
        if probe.doubt and "doubt" not in self._told:
            self._told.add("doubt")
            log.warning("livecca: %s", probe.doubt)
            self.advice = probe.doubt

    def _tell_small_probe(self, inputs: int) -> None:
        """Warns once if the widest layer has too many features for the probe."""
        if "small probe" in self._told:
            return
        self._told.add("small probe")
        small = small_probe(self._features.items(), inputs)
        if small is not None:
            small.tell()
            self.advice = self.advice or str(small)

    def _run_beside_training(
        self,
        hearing: _Hearing,
        network: Watched,
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> None:
        """Runs a reference on a batch of training, as it runs on the probe."""
        try:
            with leaves_no_trace(network.model):
                device = device_of(network.model)
                arguments, named = copied(arguments, device), copied(named, device)
                take, refuse = hearing.take_of(network.name), hearing.refuse_of(network.name)
                with network.ears.hearing(take, refuse):
                    without_wrappers(network.model)(*arguments, **named)
        except Exception as reason:
            hearing.step.report_unwatchable(network.name, f"{type(reason).__name__}: {reason}")

    def tap_of(self, network: str, heard: Heard) -> Tap:
        """The core's tap of a layer. Raises Error if its axes are not those of its first pass."""
        reading = heard.reading
        tap = self._taps.get((network, heard.name))
        if tap is not None and tap.layout != reading.layout:
            raise Error(
                f"layer {heard.name!r}: expected layout {tap.layout} as before, got "
                f"{reading.layout}; give all batches a mask, or declare readings="
            )
        if tap is None:
            tap = self._core.watch(
                network, heard.name, reading.layout, samples=reading.samples, step=reading.step
            )
            self._taps[network, heard.name] = tap
        return tap

    def _tell_not_called(self, hearing: _Hearing, where: str) -> None:
        """Layers that the first pass of a kind never called: an event each."""
        if where in self._told:
            return
        self._told.add(where)
        why = _NOT_CALLED.format(where)
        missed = []
        for network in (self._trained, *self._references):
            for layer in network.ears.layers:
                if (network.name, layer.name) not in hearing.names:
                    hearing.step.report_unwatchable(f"{network.name}/{layer.name}", why)
                    missed += [layer.name] if network is self._trained else []
        if missed and where == _TRAINING:
            told = f"{', '.join(missed)}: {why}"
            self._log.not_heard_in_training(told)
            log.warning("livecca: train stream: %s", told)


class _HeardInPass:
    """What was heard in one pass over the probe: (network, layer)."""

    def __init__(self) -> None:
        self.names: set[tuple[str, str]] = set()  # called, whether taken or not
        self.refused: dict[tuple[str, str], str] = {}  # with the reason
        self.all_padding: dict[str, None] = {}  # layers that had no valid step in a batch


class _Hearing:
    """What was heard in one step."""

    def __init__(self, passes: Passes, step: Step, devices: Devices) -> None:
        self.step = step
        self.names: set[tuple[str, str]] = set()
        self.masks: list[tuple[str, str, Tensor | None]] = []  # of each layer with steps
        self.refused: dict[tuple[str, str], str] = {}
        self.inputs: int | None = None  # how many the batch has
        self.rows = DeviceRows(step, devices)
        self._passes = passes

    def take_of(self, network: str) -> Any:
        """What takes activations of a network."""
        refuse = self.refuse_of(network)

        def take(heard: Heard) -> None:
            self.names.add((network, heard.name))
            tap = self._passes.tap_of(network, heard)
            if heard.has_steps:
                self.masks.append((network, heard.name, heard.valid))
            if self.inputs is None:
                self.inputs = heard.reading.inputs_of(heard.tensor)
            self._passes.learn_features(network, heard, self.step)
            if not self.rows.take(tap, heard, partial(refuse, heard.name)):
                self.step.observe(tap, heard.tensor, heard.valid_on_cpu())

        return take

    def all_padding(self, network: str) -> dict[str, None]:
        """The layers of a network of whose steps none is valid, by masks in the CPU's memory.

        A look at a mask on a device would wait for all that the device has to do.
        """
        looked_at = (
            (layer, mask)
            for of, layer, mask in self.masks
            if of == network and mask is not None and mask.device.type == "cpu"
        )
        return {layer: None for layer, mask in looked_at if mask.numel() > 0 and not mask.any()}

    def fits(self, batch: ProbeBatch) -> bool:
        """Whether no layer was refused, and layers have as many inputs as the batch may have."""
        return not self.refused and (
            self.inputs is None or any(self.inputs in one.shape[:2] for one in batch.inputs)
        )

    def refuse_of(self, network: str) -> Any:
        """What is told that an activation of a network cannot be taken."""

        def refuse(layer: str, why: str) -> None:
            self.names.add((network, layer))
            self.refused[network, layer] = why
            self.step.report_unwatchable(f"{network}/{layer}", why)

        return refuse
