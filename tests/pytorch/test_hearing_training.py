"""Which forward passes of training are heard."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop

import livecca
import watched
from livecca.torch import Monitor, tap
from livecca.torch._training import TrainingEars

X, Y = watched.data(rows=20)


def monitor_of(model: nn.Module, run_dir: Path, layers: Any = "fc*", **options: Any) -> Monitor:
    return Monitor(
        model, layers, run_dir=run_dir, synchronous=True,
        train_stream=livecca.Schedule.every_steps(1), **options,
    )  # fmt: skip


def samples(model: nn.Module, run_dir: Path, step: Callable[[Monitor], Any], **options: Any) -> Any:
    """The rows of each layer that the train stream took in one step."""
    with monitor_of(model, run_dir, **options) as monitor:
        step(monitor)
        monitor.step()
        monitor.snapshot(0)
    return watched.train_samples(run_dir)


BOTH = {"fc1": 20, "fc2": 20}


def backward(model: nn.Module, x: torch.Tensor = X) -> None:
    model(x).sum().backward()


def test_a_step_of_training_is_heard(tmp_path: Path) -> None:
    model = watched.Net()
    assert samples(model, tmp_path / "run", lambda _: backward(model)) == BOTH
    assert watched.events(tmp_path / "run") == []


def test_evaluation_between_steps_is_not_heard(tmp_path: Path) -> None:
    model = watched.Net()

    def step(monitor: Monitor) -> None:
        model.eval()
        model(X)
        model.train()
        with torch.no_grad():  # such as new statistics for batch norm
            model(X)
        backward(model)
        model.eval()
        model(X)
        model.train()

    assert samples(model, tmp_path / "run", step) == BOTH


def test_gradient_accumulation_counts_the_first_pass_of_a_step(tmp_path: Path) -> None:
    model = watched.Net()

    def step(monitor: Monitor) -> None:
        for part in X.split([4, 16]):
            backward(model, part)

    assert samples(model, tmp_path / "run", step) == {"fc1": 4, "fc2": 4}


@pytest.mark.parametrize(("reentrant", "early_stop"), [(True, True), (False, True), (False, False)])
def test_recomputation_is_not_counted(tmp_path: Path, reentrant: bool, early_stop: bool) -> None:
    class Checkpointed(watched.Net):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with set_checkpoint_early_stop(early_stop):
                x = checkpoint(self.inner, x.requires_grad_(), use_reentrant=reentrant)
            return super().forward(x)

        def inner(self, x: torch.Tensor) -> torch.Tensor:
            return tap("inner", self.first(x))

    model = Checkpointed()
    x = X.clone()
    found = samples(model, tmp_path / "run", lambda _: backward(model, x), layers=["first.*"])
    assert found == {"first.0": 20, "first.1": 20, "first.2": 20, "inner": 20}
    assert watched.events(tmp_path / "run") == []


def test_gradients_within_a_forward_pass(tmp_path: Path) -> None:
    class Energy(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.detach().requires_grad_()
            energy = checkpoint(self.inner, x, use_reentrant=False).sum()
            [gradient] = torch.autograd.grad(energy, x, create_graph=True)
            return gradient

        def inner(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(tap("inner", 2 * x))

    model = Energy()
    found = samples(model, tmp_path / "run", lambda _: backward(model))
    assert found == {**BOTH, "inner": 20}


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_network_that_is_checkpointed_as_a_whole(tmp_path: Path, reentrant: bool) -> None:
    model = watched.Net()
    x = X.clone().requires_grad_()

    def step(monitor: Monitor) -> None:
        checkpoint(model, x, use_reentrant=reentrant).sum().backward()

    found = samples(model, tmp_path / "run", step)
    # The reentrant kind records no gradients at first: not a pass of training, and it is said.
    assert found == ({} if reentrant else BOTH)
    told = watched.events(tmp_path / "run", "unwatchable")
    assert [event.subject for event in told] == (["net: train stream"] if reentrant else [])


def test_a_network_that_calls_itself(tmp_path: Path) -> None:
    class Recursive(watched.Net):
        def forward(self, x: torch.Tensor, again: bool = True) -> torch.Tensor:
            return self(x, False) + super().forward(x) if again else super().forward(x)

    model = Recursive()
    found = samples(model, tmp_path / "run", lambda _: backward(model))
    assert found == {"fc1": 20, "fc2": 20, "fc1#2": 20, "fc2#2": 20}


def test_an_exception_in_forward_reaches_the_user_and_drops_the_pass(tmp_path: Path) -> None:
    class Failing(watched.Net):
        fails = True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.fc1(x)
            if self.fails:
                raise ValueError("of the user")
            return self.fc2(x)

    model = Failing()
    with monitor_of(model, tmp_path / "run") as monitor:
        with pytest.raises(ValueError, match="of the user"), warnings.catch_warnings():
            warnings.simplefilter("error")
            backward(model)
        model.fails = False
        backward(model)  # again, as after a lack of memory: not the first pass of the step
        monitor.step()
        try:
            raise KeyError("handled while the step is made")
        except KeyError:
            backward(model)
        monitor.step()
        monitor.snapshot(0)
    assert watched.train_samples(tmp_path / "run") == BOTH
    assert [event.what for event in watched.events(tmp_path / "run")] == ["step_discarded"]


def test_an_interrupt_leaves_no_pass_open(tmp_path: Path) -> None:
    class Interrupted(watched.Net):
        stops = True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.fc1(x)
            if self.stops:
                raise KeyboardInterrupt
            return self.fc2(x)

    model = Interrupted()
    with monitor_of(model, tmp_path / "run") as monitor:
        with pytest.raises(KeyboardInterrupt):
            backward(model)
        model.stops = False
        for _ in range(2):
            backward(model)
            monitor.step()
        monitor.snapshot(0)
    assert watched.train_samples(tmp_path / "run") == BOTH


def test_an_exception_in_a_hook_stays_in_it(tmp_path: Path, monkeypatch: Any) -> None:
    model = watched.Net()
    with monitor_of(model, tmp_path / "run") as monitor, warnings.catch_warnings():
        warnings.simplefilter("error")

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("of ours")

        for place in ("open_training", "tap_of"):
            with monkeypatch.context() as patch:
                patch.setattr(f"livecca.torch._passes.Passes.{place}", fail)
                backward(model)
            monitor.step()
        with monkeypatch.context() as patch:
            patch.setattr("livecca._monitor.Step.report_unwatchable", fail)
            patch.setattr("livecca._monitor.Step.observe", fail)
            backward(model)
        monitor.step()
        monitor.snapshot(0)
        backward(model)
        monitor.step()
        monitor.snapshot(1)
    assert watched.train_samples(tmp_path / "run") == BOTH


def test_a_reference_that_fails_beside_training(tmp_path: Path) -> None:
    class Failing(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("of the reference")

    model = watched.Net()
    found = samples(
        model, tmp_path / "run", lambda _: backward(model), references={"other": Failing()}
    )
    assert found == BOTH
    told = {event.subject: event.message for event in watched.events(tmp_path / "run")}
    assert "of the reference" in told["other"]


def test_copies_are_not_heard(tmp_path: Path) -> None:
    model = watched.Net()

    def step(monitor: Monitor) -> None:
        for other in (copy.deepcopy(model), copy.copy(model)):
            backward(other)
        backward(model)

    assert samples(model, tmp_path / "run", step) == BOTH


def test_masks_of_training_batches(tmp_path: Path) -> None:
    class Sequences(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(6, 4)

        def forward(self, x: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.fc1(x)

    model = Sequences()
    x, mask = torch.randn(5, 4, 6), torch.tensor([[1, 1, 0, 0]] * 5)

    def step(monitor: Monitor) -> None:
        model(x, attention_mask=mask).sum().backward()

    assert samples(model, tmp_path / "run", step) == {"fc1": 10}


def test_layers_that_are_not_called_in_training_are_told_once(tmp_path: Path) -> None:
    class Sometimes(watched.Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc1(x) if self.training else self.fc2(self.fc1(x))

    model = Sometimes()
    with monitor_of(model, tmp_path / "run", probe=[X]) as monitor:
        for epoch in range(3):
            backward(model)
            monitor.step()
            monitor.snapshot(epoch)
    [event] = watched.events(tmp_path / "run", "unwatchable")
    assert event.subject == "net/fc2" and "training" in event.message and event.count == 1


def test_a_layer_that_some_steps_skip_has_no_numbers_of_such_a_window(tmp_path: Path) -> None:
    class Skipping(watched.Net):
        skips = False

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.fc1(x)
            return x if self.skips else self.fc2(x)

    model = Skipping()
    with monitor_of(
        model, tmp_path / "run", probe=[X], references={"other": Skipping()}
    ) as monitor:
        for epoch, skips in enumerate([(False, True, False), (False, False)]):
            for model.skips in skips:
                backward(model)
                monitor.step()
            model.skips = False
            monitor.snapshot(epoch)
    event, fewer_steps = watched.events(tmp_path / "run")
    assert (fewer_steps.what, fewer_steps.epoch) == ("unequal_windows", 1)
    assert (event.what, event.subject, event.epoch) == ("missing", "train: net/fc2", 0)
    assert "got none in step 2 of this one, so it has no numbers in it" in event.message
    rows = livecca.read_run(tmp_path / "run").of(livecca.MeasureRow)
    found = {
        (row.epoch, row.layer, row.stream): (row.samples, row.status)
        for row in rows
        if (row.reference, row.measure) == ("other", "pwcca_distance")
    }
    assert found[0, "fc1", "train"][0] == 60 and found[1, "fc1", "train"][0] == 40
    assert found[1, "fc2", "train"][0] == 40
    assert found.get((0, "fc2", "train"), (0, "missing")) == (0, "missing")
    assert found[0, "fc2", "probe"][0] == found[1, "fc2", "probe"][0] == 20


def test_no_hook_stays_on_layers_between_passes(tmp_path: Path) -> None:
    model = watched.Net()
    with monitor_of(model, tmp_path / "run") as monitor:
        assert [len(m._forward_pre_hooks) for m in model.modules()] == [1, 0, 0, 0, 0, 0]
        for _ in range(3):
            backward(model)
            assert not any(m._forward_hooks for m in model.children())
            monitor.step()
            assert not any(m._forward_hooks for m in model.modules())
    for module in model.modules():
        assert not module._forward_pre_hooks and not module._forward_hooks
        assert not module._forward_pre_hooks_with_kwargs
        assert not module._forward_hooks_always_called


def test_ears_without_a_pass_hear_nothing() -> None:
    model = watched.Net()
    asked = []
    ears = TrainingEars(model, None, lambda: asked.append(1))  # type: ignore[arg-type]
    for _ in range(3):
        model(X)
    assert asked == [1] and ears.next_step()
    model.eval()(X)
    assert not ears.next_step()
    ears.close()
    model.train()(X)
    assert asked == [1]


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_network_that_is_one_layer(tmp_path: Path, batch_first: bool) -> None:
    model = nn.LSTM(6, 3, batch_first=batch_first)
    x = torch.randn(20, 4, 6) if batch_first else torch.randn(4, 20, 6)
    with monitor_of(model, tmp_path / "run", "*", probe=[x]) as monitor:
        for _ in range(2):
            model(x)[0].sum().backward()
            monitor.step()
        monitor.snapshot()
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert {(row.layer, row.stream): row.samples for row in rows} == {
        ("lstm", "probe"): 80, ("lstm", "train"): 160,
    }  # fmt: skip
    assert watched.events(tmp_path / "run") == []


def test_a_module_that_training_gives_to_the_network_stays_where_it_is(tmp_path: Path) -> None:
    class Guided(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 3)

        def forward(self, x: torch.Tensor, guide: nn.Module) -> torch.Tensor:
            return self.fc(guide(x))

    model, guide = Guided(), nn.Linear(6, 6)
    guide.to = pytest.fail  # type: ignore[method-assign,assignment]
    with Monitor(
        model, "fc", run_dir=tmp_path / "run", train_stream=livecca.Schedule.every_steps(1),
        references={"other": Guided()}, synchronous=True,
    ) as monitor:  # fmt: skip
        model(torch.randn(20, 6), guide).sum().backward()
        monitor.step()
        monitor.snapshot()
    assert watched.train_samples(tmp_path / "run") == {"fc": 20}
    assert watched.events(tmp_path / "run") == []
