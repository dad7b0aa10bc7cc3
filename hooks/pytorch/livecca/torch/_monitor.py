"""Watching a PyTorch network while it trains."""

from __future__ import annotations

import dataclasses
import inspect
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from livecca import _checks
from livecca._errors import Error
from livecca._monitor import Monitor as CoreMonitor
from livecca._options import expect_known
from livecca._reports.final import FinalReport
from livecca._reports.snapshot import Snapshot
from livecca._resume import holds_a_run
from livecca._rows import MeasureRow
from livecca._settings import Schedule
from livecca._warnings import log
from livecca.torch._epochs import Epochs
from livecca.torch._hearing.batch_masks import DeclaredMask
from livecca.torch._layers.layers import Selector
from livecca.torch._layers.outputs import OutputSelector
from livecca.torch._layers.readings import DeclaredReading
from livecca.torch._networks import Declared, networks_of
from livecca.torch._passes import Passes
from livecca.torch._plan import Plan, plan_of
from livecca.torch._probe.costly_events import CostlyEvents
from livecca.torch._probe.probe import Forward, Probe, probe_of
from livecca.torch._probe.remarks import uncompared
from livecca.torch._probe.told_snapshots import ToldSnapshots
from livecca.torch._references import Reference, error_of
from livecca.torch._state import as_a_folder, next_epoch, require_state, state_of, tensors_of
from livecca.torch._training import TrainingEars, TrainingPass

_IS_FINISHED = "expected a monitor that is not finished; finish() or close() ended it"
_NO_STEP = (
    "train_stream: expected step() in every step of the training loop, it was never called; so no "
    "training step is observed but the first"
)
_NEVER = "snapshot() was never called"


class Monitor:
    """Watches layers of a network: the same inputs at every snapshot, and training steps if asked.

    ::

        monitor = livecca.torch.Monitor(model, ["conv*", "fc"], probe=loader, run_dir="runs/a")
        for epoch in range(epochs):
            for x, y in loader:
                ...                      # the training step, unchanged
                monitor.step()
            report = monitor.snapshot(epoch)   # print(report) waits for it and shows a table
        monitor.finish()

    The pass over the probe leaves no trace in training: weights with and without livecca are equal
    bit for bit. What goes wrong with watching is an event of the run, never an exception in
    training.

    Parameters
    ----------
    model
        The network, also inside DistributedDataParallel or torch.compile.
    layers
        Names, patterns such as ``"conv*"``, compiled regular expressions, module types, modules or
        functions of (name, module), one or several.
    probe
        The inputs of every snapshot: anything that can be iterated again and again and gives
        batches, such as a DataLoader without shuffling; or a :class:`Probe`.
    run_dir
        The folder of the run. It is created, and must not hold a run already.
    references
        By name: the path of a pack, another network, a state_dict, a :class:`Checkpoint`. With
        layers of other names, a pair of it and its layers, ``(network, ["features.*"])``, and
        ``pairing=livecca.Pairing.by_patterns([("conv*", "features.*")])`` says which are compared.
    exclude
        Selectors of layers that are not watched.
    readings
        By layer or pattern: what the axes mean, ``"nhwc"`` or ``("ntc", "last")``, where the
        module's type does not tell.
    outputs
        By layer or pattern: a function of the module's output that returns the activation.
    mask
        The name of the mask in a batch; by default ``"attention_mask"`` and its like are found.
        By layer or pattern: ``{"decoder.*": "decoder_attention_mask", "conv*": None}``, with None
        where all steps count.
    forward
        A function of (model, batch) that runs the model on a batch of the probe.
    train_stream
        When a training step is observed as well, for example
        ``livecca.Schedule.every_steps(10)``. By default none is. Then the first forward pass of the
        step counts that runs in training mode and records gradients, so not those that follow it
        by gradient accumulation. References that are networks run on the same inputs; without one
        there are no distances. Layers inside of torch.compile are not heard; an event says so.
    overhead_budget
        The share of training time that this may take, such as 0.02.
    checkpoint
        Go on from here: a :meth:`state_dict`, or the folder that :meth:`save` writes. If it is
        empty, ``{}``, or nothing was saved there yet, the run begins; one that ``run_dir`` holds is
        moved to ``run_dir/earlier-1``. So a training that may be killed is started again by the
        same call.
    **options
        As of :class:`livecca.Monitor`: ``measures``, ``compare_before``, ``sinks``, ``positions``,
        ``notes``, ``on_event``, ``network``, …

    Raises
    ------
    Error
        On impossible options, by the constructor; or at the first call if run_dir holds a run and
        neither checkpoint nor load_state_dict() says how it goes on.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Selector | Sequence[Selector],
        *,
        probe: Probe | Iterable[Any] | None = None,
        run_dir: str | os.PathLike[str],
        references: Mapping[str, Reference | tuple[Reference, Any]] | None = None,
        exclude: Selector | Sequence[Selector] = (),
        readings: Mapping[str, DeclaredReading] | None = None,
        outputs: Mapping[str, OutputSelector] | None = None,
        mask: DeclaredMask = None,
        forward: Forward | None = None,
        train_stream: Schedule | None = None,
        overhead_budget: float = 0.0,
        checkpoint: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if train_stream is not None and not isinstance(train_stream, Schedule):
            raise Error(
                "train_stream: expected a schedule such as livecca.Schedule.every_steps(10), got "
                f"{train_stream!r}"
            )
        if "probe_schedule" in options:
            raise Error("probe_schedule: expected none, because snapshot() always runs the probe")
        self._probe = probe_of(probe, forward)
        self._hears_training = train_stream is not None
        if self._probe is None and not self._hears_training:
            raise Error("probe: expected inputs for snapshots, or train_stream=, got neither")
        expect_known(options, inspect.signature(Monitor).parameters)
        run_dir = _checks.path("run_dir", run_dir)
        name = _checks.text("network", options.get("network", "net"))
        declared = Declared(readings, outputs, mask)
        others = _checks.mapping("references", references)
        self._networks = networks_of(name, model, layers, exclude, others, declared)
        self._options = dict(options, run_dir=run_dir, overhead_budget=overhead_budget)
        self._costly = CostlyEvents(name, options.get("on_event"))
        self._told = ToldSnapshots(options.get("on_snapshot"))
        self._options |= {"on_event": self._costly, "on_snapshot": self._told.function}
        self._options["train_schedule"] = train_stream or Schedule.never()
        if self._probe is None:
            self._options["probe_schedule"] = Schedule.never()
        self._core_or_none: CoreMonitor | None = None
        self._passes: Passes | None = None
        self._training_ears: TrainingEars | None = None
        self._epochs = Epochs()
        self._closed = False
        self._never = _NEVER
        self._report: FinalReport | None = None
        self._expects_step = train_stream is not None
        if isinstance(checkpoint, Mapping):
            if checkpoint:
                self.load_state_dict(checkpoint)
            else:
                self._make_core_of({})
        elif checkpoint is not None or not holds_a_run(run_dir):
            self._make_core(checkpoint)
        # Else it is made at the first call, because load_state_dict() may come yet.
        if remark := self._uncompared():
            log.warning("livecca: %s", remark)

    def _core(self) -> CoreMonitor:
        if self._closed:
            raise Error(_IS_FINISHED)
        if self._core_or_none is None:
            return self._make_core(None)
        return self._core_or_none

    def _make_core(self, checkpoint: str | os.PathLike[str] | None) -> CoreMonitor:
        core = CoreMonitor(checkpoint=checkpoint, **self._options)
        try:
            for name, pack in self._networks.packs.items():
                with error_of(name):
                    core.add_reference(name, pack)
        except Error:
            core.close()
            raise
        self._core_or_none = core
        trained = self._networks.trained
        references = self._networks.references
        self._passes = Passes(core, trained, references, self._costly, self._told)
        if checkpoint is not None:
            self._never = ""  # there may be snapshots of before
            self._epochs.enter(next_epoch(core.run_dir))
        if self._hears_training:
            self._training_ears = TrainingEars(trained.model, trained.ears, self._open_pass)
        return core

    def _make_core_of(self, files: Mapping[str, Tensor]) -> None:
        """Makes the core of what save() wrote; of nothing, it begins."""
        with as_a_folder(files) as folder:
            self._make_core(folder)

    @property
    def run_dir(self) -> str:
        """The folder of the run."""
        return self._core().run_dir

    def plan(self, epochs: int | None = None) -> Plan:
        """What would be watched and what it takes: print it before training.

        Runs the first batch of the probe twice, without a trace. Raises Error if there is no probe
        or the monitor is closed, and whatever the network raises on that batch.

        Parameters
        ----------
        epochs
            Of the training, if the plan is to say what all snapshots take on disk.
        """
        if self._closed:
            raise Error(_IS_FINISHED)
        if self._probe is None:
            raise Error("plan: expected a monitor with a probe, got one without")
        trained = self._networks.trained
        plan = plan_of(trained.model, trained.ears, self._probe, self._options, epochs)
        remarks = filter(None, (self._uncompared(), plan.remark))
        return dataclasses.replace(plan, remark="\n".join(remarks))

    def step(self, epoch: int | None = None) -> None:
        """Tell that a training step was made. Call it once in every step of the loop.

        Parameters
        ----------
        epoch
            The epoch; by default the one after that of the last snapshot.
        """
        if self._forked():
            return
        ears = self._training_ears
        core = self._core()
        self._expects_step = False
        now = self._epochs.enter(epoch)
        if ears is not None and not ears.next_step() and self._passes is not None:
            self._passes.tell_no_training(now)
        if self._passes is not None:
            self._passes.changes.count_step()
        core.training_step(now)
        if self._hears_training:
            core.snapshot_if_due(now)

    def snapshot(self, epoch: int | None = None) -> Snapshot:
        """Run the probe and compare what was seen since the last snapshot.

        Returns when the probe has run. The numbers are computed meanwhile, on livecca's own
        threads; what asks the report for them waits.

        Parameters
        ----------
        epoch
            By default the one after that of the last snapshot, from 0.
        """
        core = self._core()
        self._never = ""
        self._tell_no_step()
        now = self._epochs.enter(epoch)
        self._hand_over()
        if self._probe is not None and self._passes is not None and not core.is_forked:
            self._passes.run_probe(self._probe, now)
        expected = None if self._passes is None else self._passes.expect_snapshot(now)
        report = core.snapshot(now)
        if expected is not None:
            expected.made(report)
        self._epochs.end()
        return report

    def latest(self, layer: str, reference: str, measure: str, **key: Any) -> MeasureRow | None:
        """The newest number, for example ``latest("conv1", "start", "pwcca_distance")``."""
        return self._core().latest(layer, reference, measure, **key)

    def log(self, name: str, value: float) -> None:
        """Write a number of your own, such as a loss, at the epoch of the last step or snapshot."""
        self._core().log(name, value, epoch=self._epochs.current)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write what a resumed run needs into a folder, beside your own checkpoint."""
        self._core().save(folder)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`save` writes, as tensors that ride in any checkpoint."""
        with tempfile.TemporaryDirectory() as folder:
            self._core().save(folder)
            files = tensors_of(Path(folder))
        return state_of(files, self._epochs.next)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with a run. Call it before anything else, with the same ``run_dir``."""
        state = require_state(state)
        if self._core_or_none is not None:
            raise Error(
                "load_state_dict: expected to be called first, on a run_dir that holds the run, "
                "got a monitor that has begun"
            )
        self._make_core_of(state["files"])
        self._epochs.enter(int(state["epoch"]))

    def finish(self) -> FinalReport | None:
        """End the run: every kept snapshot is compared with the last one.

        A second call gives the same report, also after a ``with`` block. None after close().
        """
        if self._closed:
            return self._report
        self._expect_outside("finish")
        try:
            core = self._core()
            self._tell_no_step()
            self._hand_over()
            report = core.finish()
            if self._passes is not None:
                report._remarks = self._passes.remarks_at_the_end(self._never)
            self._report = report
            return report
        finally:
            self.close()

    def close(self) -> None:
        """Finish the run if that was not done, and let the network go. May be called again.

        Raises Error within the monitor's own callbacks, and changes nothing.
        """
        if self._closed:
            return
        self._expect_outside("close")
        self._closed = True
        if self._training_ears is not None:
            self._training_ears.close()
        if self._core_or_none is not None:
            self._core_or_none.close()

    remove = close

    def _recorder_options(self, network: str) -> Any:
        return self._core()._recorder_options(network)

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._core_or_none is not None and not self._forked():
            self.finish()
        self.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> Monitor:
        return self  # a copied trainer has the same monitor: one run has one

    def _tell_no_step(self) -> None:
        """Warns once if a snapshot was made and no step came since it, nor before."""
        if self._expects_step and self._epochs.is_over and not self._forked():
            self._expects_step = False
            log.warning("livecca: %s", _NO_STEP)

    def _hand_over(self) -> None:
        """What the last step heard on a device may be on its way yet."""
        if self._passes is not None and not self._forked():
            self._passes.hand_over()

    def _expect_outside(self, what: str) -> None:
        """Raises Error within the monitor's own callbacks. Nothing has changed then."""
        if self._core_or_none is not None:
            self._core_or_none._expect_outside(what)

    def _uncompared(self) -> str:
        return uncompared(
            probe=self._probe is not None,
            training=self._hears_training,
            history=self._options.get("keep_history", True),
            networks=bool(self._networks.references),
            packs=bool(self._networks.packs),
        )

    def _forked(self) -> bool:
        core = self._core_or_none
        return core is not None and not self._closed and core.is_forked

    def _open_pass(self) -> TrainingPass | None:
        if self._passes is None or self._closed or self._forked():
            return None
        return self._passes.open_training(self._epochs.next)
