"""livecca for Lightning: a callback that watches the layers of a module while it is fitted.

Importing this module imports ``lightning``, or ``pytorch_lightning`` where only that is installed
or already imported.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from torch import nn

from livecca._errors import Error
from livecca._warnings import log
from livecca.torch._layers.layers import Selector
from livecca.torch._trainers import Watcher, Watching, headline

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")

# These keep a part of the weights in each process, so a network cannot run in one of them alone.
_SHARDED = ("FSDP", "DeepSpeed", "ModelParallel", "XLA")


def _lightning() -> Any:
    """The package that the training uses: the two have classes of their own."""
    for name in _PACKAGES:
        if name in sys.modules:
            return sys.modules[name]
    for name in _PACKAGES:
        try:
            return import_module(name)
        except ModuleNotFoundError as reason:
            if reason.name not in (name, name.split(".")[0]):
                raise  # it is there, but something that it needs is not
    raise Error(
        "livecca.lightning: expected the package lightning, got none; pip install lightning"
    )


if TYPE_CHECKING:
    _Base = object
else:
    _Base = _lightning().Callback


class Callback(Watching, _Base):
    """Watches layers while ``trainer.fit()`` runs.

    ::

        watch = livecca.lightning.Callback(["conv*", "fc"], probe=probe_loader, run_dir="runs/a")
        trainer = lightning.Trainer(max_epochs=10, callbacks=[watch])
        trainer.fit(module, loader)
        print(watch.report)   # how far each epoch was from the final state

    Snapshot 0 is the network before training, snapshot n the one after n epochs. The snapshot at
    an epoch's end is taken before that epoch's checkpoints are written. The sanity check is not
    watched. With ``fast_dev_run``, the run is written into a temporary folder.

    Only the global rank 0 watches. Training gives the same weights as without the callback, bit for
    bit. If training fails, the run is ended and the failure goes on.

    The monitor's state rides in Lightning's checkpoints. ``trainer.fit(…, ckpt_path=…)`` goes on
    with the run; the callback must have the same ``run_dir``. So does another fit of the same
    module by the same trainer. With ``checkpoint={}``, any other fit begins again, and moves a run
    that ``run_dir`` holds aside. Several callbacks need a ``run_dir`` each.

    Parameters
    ----------
    layers
        As of :class:`livecca.torch.Monitor`; names as in the LightningModule: ``"net.conv1"``.
    model
        A function of the LightningModule that returns the network to watch, if its ``forward()``
        does not run it: ``lambda module: module.net``. Names of layers are then those in it.
    log
        Log the distances with the module's ``log()`` at each epoch's end, as
        ``livecca/pwcca_distance/start/fc``. So loggers show them, and EarlyStopping and
        ModelCheckpoint can monitor them. Training then waits until they are computed.
    **options
        As of :class:`livecca.torch.Monitor`: ``probe``, ``run_dir``, ``references``, …

    Raises
    ------
    Error
        When training begins, on impossible options; also with FSDP, DeepSpeed and other strategies
        that keep a part of the weights in each process.
    """

    def __init__(
        self,
        layers: Selector | Sequence[Selector],
        *,
        model: Callable[[Any], nn.Module] | None = None,
        log: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self._watcher = Watcher(layers, options)
        self._model = model
        self._log = log
        self._epochs = 0  # of the latest snapshot: how many the network was trained
        self._loaded: Mapping[str, Any] = {}  # to go on from
        self._ended: dict[str, Any] = {}  # of the run that ended
        self._ended_module: weakref.ref[Any] | None = None
        self._temporary: str | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        # Here the module is on its device, its checkpoint is loaded, the sanity check is over.
        if not trainer.is_global_zero:
            return
        strategy = type(trainer.strategy).__name__
        if any(word in strategy for word in _SHARDED):
            raise Error(
                "livecca.lightning: expected a strategy that has the whole network in each "
                f"process, got {strategy}; use 'ddp' or a single device"
            )
        more: dict[str, Any] = {}
        if trainer.fast_dev_run:
            self._temporary = more["run_dir"] = tempfile.mkdtemp()
        model = pl_module if self._model is None else self._model(pl_module)
        state = self._loaded or self._state_of(pl_module, trainer.current_epoch)
        self._loaded, self._ended, self._ended_module = {}, {}, None
        if state:
            more["checkpoint"] = state["monitor"]
        self._watcher.begin(model, **more)
        self._epochs = int(state["epochs"]) if state else trainer.current_epoch
        if not state:
            self._watcher.snapshot(self._epochs)

    def _state_of(self, pl_module: Any, epochs: int) -> Mapping[str, Any]:
        """The state of the fit before, if this one trains the same module on."""
        same = self._ended_module is not None and self._ended_module() is pl_module
        return self._ended if same and epochs == self._epochs else {}

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        self._watcher.step(trainer.current_epoch + 1)

    # Checkpoints may be written when validation ends, before the epoch ends. The snapshot must be
    # in them: a fit that goes on from such a checkpoint does not end this epoch again.
    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.sanity_checking and trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            self._snapshot(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._snapshot(trainer, pl_module)

    def _snapshot(self, trainer: Any, pl_module: Any) -> None:
        epochs = trainer.current_epoch + 1
        if self.monitor is None or epochs == self._epochs:
            return
        self._epochs = epochs
        report = self._watcher.snapshot(epochs)
        if self._log and report is not None:
            values = {f"livecca/{name}": value for name, value in headline(report).items()}
            pl_module.log_dict(values, on_step=False, on_epoch=True, rank_zero_only=True)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        # trainer.save_checkpoint() may come yet, and a longer fit from that checkpoint.
        self._ended, self._ended_module = self.state_dict(), weakref.ref(pl_module)
        self._watcher.finish()
        self._remove_temporary()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._watcher.close()
        self._remove_temporary()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ended_module": None}  # weak references cannot be pickled

    @property
    def state_key(self) -> str:
        """The name of its state in a checkpoint: several callbacks have several."""
        return f"livecca.lightning.Callback({self._watcher.run_dir!r})"

    def state_dict(self) -> dict[str, Any]:
        """What rides in a checkpoint of Lightning; empty, with a log line, if it cannot be had."""
        if self.monitor is None:
            return dict(self._ended)
        try:
            return {"epochs": self._epochs, "monitor": self.monitor.state_dict()}
        except Exception as reason:  # training goes on without it
            log.warning("livecca: this checkpoint does not hold the run's state: %s", reason)
            return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Called by Lightning before training begins: the run goes on from here."""
        self._loaded = state_dict

    def _remove_temporary(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
