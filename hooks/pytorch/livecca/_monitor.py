"""The monitor itself, for trainings of any framework."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livecca import _arrays, _checks, _core
from livecca._options import options_of
from livecca._reports.final import FinalReport
from livecca._reports.snapshot import Snapshot
from livecca._reports.words import one_line
from livecca._resume import going_on, saved_in, set_run_aside
from livecca._row_choice import TakesRows
from livecca._rows import EventRow, MeasureRow, Row, row_of, rows_of
from livecca._sinks import Sink
from livecca._warnings import Warnings, log


@dataclass(frozen=True)
class Tap:
    """A layer that is watched: what :meth:`Monitor.watch` returns."""

    network: str
    layer: str
    layout: str
    samples: str
    _index: int


class Step(TakesRows[Tap]):
    """One batch that is observed: observe each tap once, then commit. A context manager commits by
    itself, or drops the step if an exception comes."""

    def __init__(self, step: Any) -> None:
        self._step = step

    def observe(self, tap: Tap, array: Any, mask: Any = None) -> None:
        """Take the activations of a tap. The rows that are needed are copied before it returns.

        Parameters
        ----------
        tap
            What :meth:`Monitor.watch` returned.
        array
            As for :func:`livecca.compare`, of the tap's layout.
        mask
            Which steps are valid: True (1) is valid, sequences × steps.
        """
        tap = _checks.of_type("tap", tap, Tap, "what Monitor.watch() returned")
        name = f"{tap.network}/{tap.layer}"
        self._step.observe(tap._index, _arrays.readable(array, name), _arrays.valid_steps(mask))

    # What follows is for hooks that gather rows on a device, so that only these travel.

    def observe_gathered(
        self, tap: Tap, rows: Any, positions: Any, shape: tuple[int, ...], mask: Any = None
    ) -> None:
        """Take rows that were gathered as the step chooses them; others are refused.

        Parameters
        ----------
        tap
            What :meth:`Monitor.watch` returned.
        rows
            Images · rows_per_image() × features, of the chosen features if there is a choice. What
            a mask leaves an image fewer rows for may hold anything.
        positions
            Where each row comes from, int64; None for flattened images.
        shape
            Of what was gathered from: images, features, depth, height, width.
        mask
            As of :meth:`observe`, of these images.
        """
        rows = _arrays.readable(rows, f"{tap.network}/{tap.layer}")
        self._step.observe_gathered(tap._index, rows, positions, shape, _arrays.valid_steps(mask))

    def _choice(self) -> Any:
        return self._step.choice()

    def set_inputs(self, inputs: Any) -> None:
        """Tell the inputs of a probe step, for the fingerprint of the probe."""
        self._step.set_inputs(_arrays.input_array(inputs, "inputs"))

    def set_training_mode(self, network: str, is_training: bool) -> None:
        """Tell whether a network runs in training mode in this step.

        Without it, only the trained network in the train stream counts as in training mode. Rows
        say it (``modes``), and training mode in a probe step is an event ``"training_mode"``.
        """
        self._step.set_training_mode(
            _checks.text("network", network), _checks.flag("is_training", is_training)
        )

    def report_unwatchable(self, tap: str, why: str) -> None:
        """Write an event: this tap could not be observed, and why."""
        self._step.report_unwatchable(_checks.text("tap", tap), _checks.text("why", why))

    def add_reference_time(self, seconds: float) -> None:
        """Add time that was spent only to watch, such as a reference's forward pass."""
        self._step.add_reference_time(_checks.number("seconds", seconds))

    def add_observing_time(self, seconds: float) -> None:
        """Add time that was spent to get the activations, such as a copy from a device."""
        self._step.add_observing_time(_checks.number("seconds", seconds))

    def commit(self) -> None:
        """Hand the rows over and return; livecca's own threads accumulate them."""
        self._step.commit()

    def discard(self) -> None:
        """Drop the step, unless it was committed."""
        self._step.discard()

    def __enter__(self) -> Step:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()


def _end_run(core: _core.Monitor) -> None:
    """Ends the run of a monitor that was let go, or that the end of the process finds."""
    if core.is_called_here:  # by one of its own callbacks, which its end would wait for
        threading.Thread(target=_end_run, args=(core,), daemon=False).start()
        return
    try:
        core.close()
    except Exception as reason:
        log.warning("livecca: the run was not ended: %s", reason)


class Monitor:
    """Watches a network while it trains: the C++ monitor, for arrays of any framework.

    Everything that can be said of it is in docs/rows.md and the C++ header livecca/monitor/
    monitor.hpp; the names are the same.

    The run is finished by :meth:`finish`, at the end of a ``with`` block, when the last variable
    that holds the monitor goes, or at the end of the process. Thread safety: all methods may be
    called from any thread; :meth:`finish` and :meth:`close` wait for other calls.

    Parameters
    ----------
    run_dir
        The folder of the run. It is created, and must not hold a run already, unless ``checkpoint``
        is given.
    checkpoint
        The folder that :meth:`save` writes: go on from there. If nothing was saved there yet, the
        run begins; one that ``run_dir`` holds is moved to ``run_dir/earlier-1``. So a training that
        may be killed is started again by the same call.
    sinks
        ``"tensorboard"``, ``"prometheus"``, or :class:`livecca.TensorBoard` and
        :class:`livecca.Prometheus` with settings.
    notes
        Facts of your own for the run's first row.
    on_event
        Called with an :class:`livecca.EventRow` for the first event of each kind, subject and
        reason, from a thread of livecca's own.
    on_snapshot
        Called with every :class:`livecca.Snapshot` that is solved, on the same thread. Neither may
        finish or close the monitor.
    positions
        How many positions of each image become samples; ``None`` means all.
    position_seed
        Of that choice.
    **options
        The other fields of C++'s ``MonitorOptions``, for example ``measures``, ``network``,
        ``compare_before``, ``probe_schedule=livecca.Schedule.every_epochs(1)``, ``synchronous``.
        Those of its ``verdicts`` are ``verdict_own_motion`` (True), ``verdict_tolerance`` (0.05),
        ``verdict_first_verdict`` (6),
        ``verdict_snapshots`` (5), ``verdict_least_change`` (0.005), ``verdict_dead_share``,
        ``verdict_exploding_growth`` and ``verdict_nonfinite_share``; see docs/verdicts.md.

    Raises
    ------
    Error
        If an option makes no sense, or the folder cannot be used.
    """

    def __init__(
        self,
        run_dir: Any,
        *,
        checkpoint: Any = None,
        sinks: Sink | Sequence[Sink] = (),
        notes: Mapping[str, str] | None = None,
        on_event: Callable[[EventRow], None] | None = None,
        on_snapshot: Callable[[Snapshot], None] | None = None,
        positions: int | None = 16,
        position_seed: int = 0,
        **options: Any,
    ) -> None:
        made = options_of(
            run_dir, sinks, notes, on_event, on_snapshot, positions, position_seed, options
        )
        saved = None if checkpoint is None else _checks.path("checkpoint", checkpoint)
        if saved is not None and not saved_in(saved):
            made.check()
            set_run_aside(run_dir)
            saved = None
        with going_on(run_dir, saved):
            self._core = _core.Monitor(made, saved)
        self._end = weakref.finalize(self, _end_run, self._core)
        self._warnings = Warnings()
        self._report: FinalReport | None = None
        self._last_ticket: Any = None  # of the last snapshot of the probe

    @property
    def run_dir(self) -> str:
        """The folder of the run."""
        return str(self._core.run_directory)

    @property
    def network(self) -> str:
        """The name of the trained network."""
        return str(self._core.network)

    @property
    def is_forked(self) -> bool:
        """Whether this process is a child of fork(): the monitor then does nothing."""
        return bool(self._core.is_forked)

    def watch(
        self,
        network: str,
        layer: str,
        layout: str = "nc",
        *,
        samples: str = "positions",
        step: int = 0,
    ) -> Tap:
        """Watch a layer of the trained network or of a reference, in both streams."""
        index = self._core.watch(
            _checks.text("network", network),
            _checks.text("layer", layer),
            _checks.text("layout", layout),
            _checks.text("samples", samples),
            _checks.whole_number("step", step, 0),
        )
        return Tap(network, layer, layout, samples, index)

    def add_reference(self, name: str, pack: Any) -> None:
        """Compare every snapshot with a network that was recorded into a pack."""
        self._core.add_reference(_checks.text("name", name), _checks.path("pack", pack))

    def plan(self, images_per_step: int) -> dict[str, int]:
        """The bytes and operations of one stream with so many images a step.

        ``images_needed`` is how many different images the probe should have for the widest layer.
        """
        result: dict[str, int] = self._core.plan(
            _checks.whole_number("images_per_step", images_per_step)
        )
        return result

    def training_step(self, epoch: int) -> None:
        """Tell that a training step begins. Needed for schedules by steps and for the overhead."""
        self._core.training_step(_checks.integer("epoch", epoch))

    def begin(self, stream: str, epoch: int) -> Step:
        """Open a step of stream ``"probe"`` or ``"train"``."""
        return Step(
            self._core.begin(_checks.text("stream", stream), _checks.integer("epoch", epoch))
        )

    def begin_if_due(self, stream: str, epoch: int) -> Step | None:
        """Open a step if one is due by the schedule."""
        step = self._core.begin_if_due(
            _checks.text("stream", stream), _checks.integer("epoch", epoch)
        )
        return None if step is None else Step(step)

    def claim_probe_pass(self, epoch: int) -> bool:
        """Whether a pass over the probe is due: true once for each point of the schedule."""
        return self._core.claim_probe_pass(_checks.integer("epoch", epoch))

    def discard_probe_pass(self, epoch: int, why: str) -> None:
        """Drop the probe steps since the last snapshot: the pass failed halfway.

        The logger "livecca" warns of it, once for each reason.
        """
        self._core.discard_probe_pass(_checks.integer("epoch", epoch), _checks.text("why", why))
        self._warnings.warn(
            f"livecca: the pass over the probe failed at epoch {epoch}, so this snapshot has no "
            f"numbers of it: {one_line(why)}",
            reason=why,
        )

    def snapshot(self, epoch: int, stream: str | None = None) -> Snapshot:
        """End the windows of both streams, or of one, and solve them. Returns at once."""
        epoch = _checks.integer("epoch", epoch)
        of_one = None if stream is None else _checks.text("stream", stream)
        ticket = self._core.snapshot(epoch, of_one)
        if of_one != "train":
            self._last_ticket = ticket
        return Snapshot(ticket, epoch)

    def snapshot_if_due(self, epoch: int) -> Snapshot | None:
        """The same of the train stream if it is due by the schedule."""
        epoch = _checks.integer("epoch", epoch)
        ticket = self._core.snapshot_if_due(epoch)
        return None if ticket is None else Snapshot(ticket, epoch)

    def latest(
        self,
        layer: str,
        reference: str,
        measure: str,
        *,
        reference_layer: str = "",
        stream: str | None = None,
    ) -> MeasureRow | None:
        """The newest number, for example ``latest("conv1", "start", "pwcca_distance")``."""
        line = self._core.latest(
            _checks.text("layer", layer),
            _checks.text("reference", reference),
            _checks.text("measure", measure),
            _checks.text("reference_layer", reference_layer),
            None if stream is None else _checks.text("stream", stream),
        )
        row = None if line is None else row_of(line)
        return row if isinstance(row, MeasureRow) else None

    def log(self, name: str, value: float, *, epoch: int | None = None) -> None:
        """Write a number of your own.

        Alarms look at the one named "loss", verdicts at "learning_rate"; see docs/verdicts.md.
        """
        at = None if epoch is None else _checks.integer("epoch", epoch)
        self._core.log(at, _checks.text("name", name), _checks.number(str(name), value))

    def save(self, folder: Any) -> None:
        """Write what a resumed run needs into a folder, completely or not at all."""
        self._core.save(_checks.path("folder", folder))

    def _recorder_options(self, network: str) -> _core.RecorderOptions:
        return self._core.recorder_options(network)

    def _expect_outside(self, what: str) -> None:
        self._core.expect_outside(what)

    def finish(self) -> FinalReport:
        """End the run: compare every kept snapshot with the last one.

        A second call gives the same report.
        """
        if self._report is None:
            rows = rows_of(self._core.finish())
            self._report = FinalReport(rows, self._last_verdicts())
        return self._report

    def _last_verdicts(self) -> tuple[Row, ...]:
        ticket, self._last_ticket = self._last_ticket, None
        if ticket is None or not ticket.ready():
            return ()
        return rows_of(line for line in ticket.wait() if '"kind":"verdict"' in line)

    def close(self) -> None:
        """Finish the run if that was not done, and let everything go. May be called again.

        Open steps are dropped. Raises Error within the monitor's own callbacks.
        """
        self._core.close()
        self._end.detach()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
