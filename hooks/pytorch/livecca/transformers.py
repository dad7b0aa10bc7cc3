"""livecca for the Trainer of Hugging Face: a callback that watches the layers of a model.

Importing this module imports ``transformers``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from livecca._checks import count_or_none
from livecca._errors import Error
from livecca._warnings import log
from livecca.torch._layers.layers import Selector
from livecca.torch._trainers import Watcher, Watching, headline

_FOLDER = "livecca"  # within a checkpoint-N
# These keep a part of the weights in each process, so a network cannot run in one of them alone.
_SHARDED = ("fsdp", "deepspeed")
_ROUNDING = 1e-6  # the Trainer adds up shares of an epoch


def _transformers() -> Any:
    try:
        return import_module("transformers")
    except ModuleNotFoundError as reason:
        if reason.name != "transformers":
            raise  # it is there, but something that it needs is not
    raise Error(
        "livecca.transformers: expected the package transformers, got none; pip install "
        "transformers"
    )


if TYPE_CHECKING:
    _Base = object
else:
    _Base = _transformers().TrainerCallback


class Callback(Watching, _Base):
    r"""Watches layers while ``Trainer.train()`` runs.

    ::

        watch = livecca.transformers.Callback(
            re.compile(r".*\.layer\.[0-9]+"), probe=probe_batches, run_dir="runs/a",
            network="bert")
        trainer = transformers.Trainer(model, args, train_dataset=data, callbacks=[watch])
        trainer.train()
        print(watch.report)   # how far each epoch was from the final state

    Snapshot 0 is the network before training, snapshot n the one after n epochs. With
    `snapshot_steps` there are more, within the epochs; they have the number of whole epochs before
    them, and the training step tells them apart.

    Only the world's process zero watches. Training gives the same weights as without the callback,
    bit for bit.

    The monitor is saved into ``checkpoint-N/livecca`` beside each checkpoint of the Trainer.
    ``trainer.train(resume_from_checkpoint=True)`` goes on with the run; the callback must have the
    same ``run_dir``. With ``checkpoint={}``, a training without one begins again, and moves a run
    that ``run_dir`` holds aside. The Trainer tells callbacks of no failure: if training fails, the
    run is ended by :meth:`close`, by the next ``train()``, or when the program ends.

    Parameters
    ----------
    layers
        As of :class:`livecca.torch.Monitor`.
    snapshot_steps
        Take a snapshot after every so many steps of the optimizer, and at the end of training. By
        default, one at each epoch's end.
    log
        Add the distances to ``trainer.state.log_history``. Training then waits until they are
        computed. For curves while it trains, give ``sinks=["tensorboard"]`` instead.
    resume_from
        The checkpoint of the Trainer to go on from, if it is not in ``args.output_dir``.
    **options
        As of :class:`livecca.torch.Monitor`: ``probe``, ``run_dir``, ``references``, …

    Raises
    ------
    Error
        When training begins, on impossible options; also with FSDP and DeepSpeed, which keep a part
        of the weights in each process.
    """

    def __init__(
        self,
        layers: Selector | Sequence[Selector],
        *,
        snapshot_steps: int | None = None,
        log: bool = False,
        resume_from: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self._watcher = Watcher(layers, options)
        self._every = count_or_none("snapshot_steps", snapshot_steps)  # 0: at epochs' ends
        self._log = log
        self._resume_from = resume_from
        self._latest_step = -1  # of the latest snapshot

    def on_train_begin(
        self, args: Any, state: Any, control: Any, *, model: nn.Module, **_: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        if any(getattr(args, name, None) or _accelerate_uses(name) for name in _SHARDED):
            raise Error(
                "livecca.transformers: expected the whole network in each process, got FSDP or "
                "DeepSpeed; use DistributedDataParallel or a single device"
            )
        saved = self._saved_state(args, state)
        self._watcher.begin(model, **({} if saved is None else {"checkpoint": saved}))
        self._latest_step = -1 if saved is None else state.global_step
        self._snapshot(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._watcher.step(ceil((state.epoch or 0) - _ROUNDING))
        if self._every and state.global_step % self._every == 0:
            self._snapshot(state)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not self._every:
            self._snapshot(state)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.monitor is None:
            return
        folder = _checkpoint(args, state)
        if folder.is_dir():
            try:
                self.monitor.save(folder / _FOLDER)
            except Exception as reason:  # training goes on without it
                log.warning("livecca: not saved into %s: %s", folder, reason)
        else:  # a search for hyperparameters has its checkpoints elsewhere
            log.warning("livecca: not saved, because there is no %s", folder)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._snapshot(state)
        self._watcher.finish()

    def close(self) -> None:
        """End the run after a training that failed. May be called at any time, and again."""
        self._watcher.close()

    def _snapshot(self, state: Any) -> None:
        """Take one, unless there is one of this step."""
        if self.monitor is None or state.global_step == self._latest_step:
            return
        self._latest_step = state.global_step
        report = self._watcher.snapshot(_epochs(state))
        if self._log and report is not None:
            values = {f"livecca/{name}": value for name, value in headline(report).items()}
            state.log_history.append({**values, "epoch": state.epoch, "step": state.global_step})

    def _saved_state(self, args: Any, state: Any) -> Path | None:
        """Where the monitor was saved that this training goes on from. None: it begins."""
        if state.global_step == 0:
            return None
        # The Trainer does not tell which checkpoint it has loaded, only its step.
        named = self._resume_from or getattr(args, "resume_from_checkpoint", None)
        folders = [_checkpoint(args, state)]
        if named is not None and str(named).lower() not in ("true", "false"):
            folders.insert(0, Path(named))
        for folder in folders:
            if (folder / _FOLDER).is_dir():
                return folder / _FOLDER
        log.warning(
            "livecca: expected %s to go on from, got none; a run begins at step %s",
            folders[0] / _FOLDER,
            state.global_step,
        )
        return None


def _accelerate_uses(plugin: str) -> bool:
    """Whether `accelerate launch` turned it on, which the Trainer's arguments do not say."""
    return os.environ.get(f"ACCELERATE_USE_{plugin.upper()}", "").lower() in ("1", "true")


def _epochs(state: Any) -> int:
    """Whole epochs so far."""
    return int((state.epoch or 0) + _ROUNDING)


def _checkpoint(args: Any, state: Any) -> Path:
    return Path(args.output_dir, f"checkpoint-{state.global_step}")
