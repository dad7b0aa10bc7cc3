"""What goes wrong with watching is an event; wrong use is one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import livecca
import watched
from livecca import Error
from livecca.torch import Monitor, Probe

X, Y = watched.data(rows=40)


def monitor_of(model: nn.Module, run_dir: Path, **options: Any) -> Monitor:
    return Monitor(model, ["fc1", "fc2"], **{"probe": [X], "run_dir": run_dir, **options})


def epochs_with_numbers(run_dir: Path) -> set[int]:
    return {row.epoch for row in livecca.read_run(run_dir).of(livecca.LayerRow) if row.samples > 0}


class Failing(watched.Net):
    """Fails at its second batch, for a while."""

    def __init__(self, fails: bool = True) -> None:
        super().__init__()
        self.fails = fails
        self.batches: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.fails and torch.equal(x, X[20:]):
            raise ValueError("expected something else")
        return super().forward(x)


def test_an_exception_in_a_pass_over_the_probe(tmp_path: Path) -> None:
    model, other = Failing(), Failing(False)
    monitor = monitor_of(
        model, tmp_path / "run", probe=X.split(20), references={"other": other}
    )  # fmt: skip
    with monitor:
        monitor.snapshot()
        model.fails = False
        assert model.training
        monitor.snapshot()
    [event] = watched.events(tmp_path / "run", "step_discarded")
    assert "ValueError: expected something else" in event.message
    assert epochs_with_numbers(tmp_path / "run") == {1}
    assert watched.number(tmp_path / "run", "fc1", "other", "pwcca_distance", epoch=1).samples == 40


def test_a_pass_that_fails_is_told_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Failing()
    with monitor_of(model, tmp_path / "run", probe=X.split(20)) as monitor:
        report = monitor.snapshot()
        assert "pass over the probe failed at epoch 0" in caplog.text
        assert "ValueError: expected something else" in caplog.text
        assert "! step_discarded, probe: " in str(report)
        assert "ValueError: expected something else" in str(report)
        monitor.snapshot()
        assert len(caplog.records) == 1
        model.fails = False
        model.double()  # the probe stays as it was
        assert "RuntimeError: " in str(monitor.snapshot())
        assert len(caplog.records) == 2 and "RuntimeError: " in caplog.messages[1]
    discarded = livecca.read_run(tmp_path / "run").of(livecca.EventRow)
    assert [event.count for event in discarded if event.what == "step_discarded"] == [1, 3]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"keep_history": False}, "keep_history=False leaves nothing"),
        ({"probe": None, "train_stream": livecca.Schedule.every_steps(1)}, "no layer is"),
        ({"train_stream": livecca.Schedule.every_steps(1)}, "the train stream is compared with"),
        ({}, ""),
        (
            {
                "train_stream": livecca.Schedule.every_steps(1),
                "references": {"other": watched.Net(8)},
            },
            "",
        ),
        ({"keep_history": False, "references": {"other": watched.Net(8)}}, ""),
    ],
)
def test_nothing_to_compare_with_is_told_before_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, options: dict[str, Any], why: str
) -> None:
    with monitor_of(watched.Net(), tmp_path / "run", **options) as monitor:
        assert [message for message in caplog.messages if why not in message] == []
        assert len(caplog.messages) == bool(why)
        if options.get("probe", X) is not None:
            remark = monitor.plan().remark
            assert bool(remark) == bool(why) and why in remark and remark in str(monitor.plan())


def test_an_interrupt_in_a_pass_over_the_probe_reaches_the_user(tmp_path: Path) -> None:
    class Interrupted(watched.Net):
        stops = True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.stops and torch.equal(x, X[20:]):
                raise KeyboardInterrupt
            return super().forward(x)

    model = Interrupted()
    with monitor_of(model, tmp_path / "run", probe=X.split(20)) as monitor:
        with pytest.raises(KeyboardInterrupt):
            monitor.snapshot()
        model.stops = False
        assert [row.samples for row in monitor.snapshot().rows
                if isinstance(row, livecca.LayerRow)] == [40, 40]  # fmt: skip


def test_a_probe_that_fails_or_is_empty_at_a_later_pass(tmp_path: Path) -> None:
    batches = list(X.split(20))
    with monitor_of(watched.Net(), tmp_path / "run", probe=batches) as monitor:
        monitor.snapshot()
        del batches[:]
        monitor.snapshot()
        batches += [X[:20], "a text"]
        monitor.snapshot()
    first, second = watched.events(tmp_path / "run", "step_discarded")
    assert "at least one batch" in first.message and first.count == 1
    assert "mat1 and mat2" not in second.message and second.count == 2
    assert epochs_with_numbers(tmp_path / "run") == {0}


class Shuffled(IterableDataset[torch.Tensor]):
    def __iter__(self) -> Iterator[torch.Tensor]:
        self.passes = getattr(self, "passes", 0) + 1
        order = torch.randperm(40, generator=torch.Generator().manual_seed(self.passes))
        yield from X[order]


def test_a_probe_that_shuffles_is_found_at_its_second_pass(tmp_path: Path) -> None:
    loader = DataLoader(Shuffled(), batch_size=20)
    with monitor_of(watched.Net(), tmp_path / "run", probe=loader) as monitor:
        monitor.snapshot()
        assert watched.events(tmp_path / "run") == []
        report = monitor.snapshot()
        row = report.find("fc1", "start", "pwcca_distance")
        assert row is not None and (row.value, row.status) == (None, "missing")
        event = watched.events(tmp_path / "run", "other_probe")[0]
    assert event.subject == "start/fc1" and event.epoch == 1 and "another order" in event.message


def test_an_unknown_layer_has_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(Error) as caught:
        Monitor(watched.Net(), "fc11", probe=[X], run_dir=tmp_path / "run")
    assert "'fc1'" in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"probe": []}, "at least one batch"),
        ({"probe": iter([X])}, "can be used once"),
        ({"probe": (x for x in [X])}, "can be used once"),
        ({"probe": X}, "split"),
        ({"probe": None}, "probe: expected inputs"),
        ({"probe": DataLoader(TensorDataset(X), shuffle=True)}, "shuffle=False"),
        ({"probe": Probe([X]), "forward": lambda model, batch: None}, "Probe"),
        ({"train_stream": 10}, "every_steps"),
        ({"measures": ["pcca"]}, "pwcca"),
        ({"measure": ["pwcca"]}, "measure: expected an option"),
        ({"set_positions": 3}, "set_positions"),
        ({"probe_schedule": livecca.Schedule.never()}, "probe_schedule"),
        ({"readings": {"fc3": "nc"}}, "fc3"),
        ({"readings": {"fc1": "abc"}}, "layout"),
        ({"outputs": {"fc3": id}}, "fc3"),
        ({"sinks": ["tensorbord"]}, "tensorboard"),
        ({"overhead_budget": 2.0}, "overhead_budget"),
        ({"overhead_budget": "2 %"}, "overhead_budget"),
        ({"network": "start"}, "network"),
        ({"compare_before": [0]}, "compare_before"),
    ],
)
def test_bad_options_are_one_line(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    with pytest.raises(Error) as caught:
        monitor_of(watched.Net(), tmp_path / "run", **options)
    assert why in str(caught.value) and "\n" not in str(caught.value)


def test_a_monitor_is_not_used_after_its_end(tmp_path: Path) -> None:
    model = watched.Net()
    monitor = monitor_of(model, tmp_path / "run", train_stream=livecca.Schedule.every_steps(1))
    monitor.snapshot()
    assert monitor.finish() is not None
    monitor.close()
    model(X).sum().backward()
    uses = [
        monitor.step, monitor.snapshot, monitor.plan, monitor.state_dict, lambda: monitor.run_dir,
        lambda: monitor.save(tmp_path / "saved"), lambda: monitor.log("loss", 1.0),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(Error, match=r"not finished; finish\(\) or close\(\) ended it"):
            use()


def test_an_exception_that_leaves_with_finishes_the_run(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), monitor_of(watched.Net(), tmp_path / "run") as monitor:
        monitor.snapshot()
        _ = 1 / 0
    assert [event.what for event in livecca.read_run(tmp_path / "run").of(livecca.EventRow)] == [
        "finished"
    ]


def test_two_monitors_of_one_network(tmp_path: Path) -> None:
    model = watched.Net()
    options = {"train_stream": livecca.Schedule.every_steps(1), "synchronous": True}
    one = monitor_of(model, tmp_path / "one", **options)
    two = monitor_of(model, tmp_path / "two", **options)
    for epoch in range(2):
        model(X).sum().backward()
        for monitor in (one, two):
            monitor.step()
            monitor.snapshot(epoch)
    two.close()
    model(X).sum().backward()
    one.step()
    one.snapshot(2)
    one.close()
    assert epochs_with_numbers(tmp_path / "one") == {0, 1, 2}
    assert epochs_with_numbers(tmp_path / "two") == {0, 1}
    assert watched.train_samples(tmp_path / "one") == {"fc1": 120, "fc2": 120}
    assert watched.train_samples(tmp_path / "two") == {"fc1": 80, "fc2": 80}


def test_a_second_monitor_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    model = watched.Net()
    with monitor_of(model, tmp_path / "run") as monitor:
        second = monitor_of(model, tmp_path / "run")  # load_state_dict() may come yet
        with pytest.raises(Error, match="run") as caught:
            second.step()
        assert "\n" not in str(caught.value)
        with pytest.raises(Error):
            second.snapshot()
        second.close()
        monitor.snapshot()
    assert epochs_with_numbers(tmp_path / "run") == {0}
    assert watched.events(tmp_path / "run") == []


def test_the_epoch_of_numbers_of_the_users(tmp_path: Path) -> None:
    with monitor_of(watched.Net(), tmp_path / "run") as monitor:
        for loss in (3.0, 2.0):
            monitor.step()
            monitor.log("during", loss)
            monitor.snapshot()
            monitor.log("after", torch.tensor(loss))  # type: ignore[arg-type]
        monitor.step(7)
        monitor.log("during", 1)
    rows = livecca.read_run(tmp_path / "run").of(livecca.LogRow)
    assert [(row.name, row.epoch, row.value) for row in rows] == [
        ("during", 0, 3.0), ("after", 0, 3.0), ("during", 1, 2.0), ("after", 1, 2.0),
        ("during", 7, 1.0),
    ]  # fmt: skip


def test_the_train_streams_own_snapshots(tmp_path: Path) -> None:
    model = watched.Net()
    monitor = monitor_of(
        model, tmp_path / "run", probe=None, synchronous=True,
        train_stream=livecca.Schedule.every_steps(1),
        train_snapshots=livecca.Schedule.every_steps(2),
    )  # fmt: skip
    with monitor:
        for _ in range(4):
            model(X).sum().backward()
            monitor.step()
    steps = [row.step for row in livecca.read_run(tmp_path / "run").of(livecca.OverheadRow)]
    assert steps == [1, 3]


def beside_another() -> dict[str, Any]:
    """Options of a train stream that has a network to be compared with."""
    return {
        "train_stream": livecca.Schedule.every_steps(1),
        "references": {"other": watched.Net(8)},
    }


@pytest.mark.parametrize("way", ["snapshot", "finish"])
def test_a_train_stream_without_step_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    model = watched.Net()
    with monitor_of(model, tmp_path / "run", **beside_another()) as monitor:
        monitor.snapshot()
        assert caplog.messages == []  # before training
        model(X).sum().backward()
        if way == "snapshot":
            for _ in range(2):
                monitor.snapshot()
            assert len(caplog.messages) == 1
        monitor.finish()
    [message] = caplog.messages
    assert "expected step() in every step of the training loop, it was never called" in message


def test_a_train_stream_with_step_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = watched.Net()
    with monitor_of(model, tmp_path / "run", **beside_another()) as monitor:
        monitor.snapshot()
        watched.train(model, monitor)
        monitor.finish()
    assert caplog.messages == []
