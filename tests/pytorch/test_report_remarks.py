"""What the printed reports say of layers and passes that have no numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca import Schedule
from livecca.torch import Monitor
from livecca.torch._probe.changes import Changes

JARGON = re.compile(r"watch\(\)|TapScope|set_inputs|commit")


class Texts(nn.Module):
    """Time first, so that two of its layers may be read either way. Two of them differ in name."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.one = nn.Embedding(20, 4)
        self.other = nn.Embedding(20, 4)
        self.lstm = nn.LSTM(4, 4)
        self.unused = nn.Linear(4, 4)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.lstm(self.one(tokens) + self.other(tokens))
        return outputs


def batches() -> list[torch.Tensor]:
    tokens = torch.randint(0, 20, (5, 200), generator=torch.Generator().manual_seed(4))
    return list(tokens.split(50, 1))


def shaken(model: nn.Module, seed: int = 6) -> None:
    """Changes all weights."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn(weights.shape, generator=generator))


def left_out(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("! left out: ")]


def test_each_selected_layer_has_a_number_or_a_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Texts()
    monitor = Monitor(model, ["*"], probe=batches(), run_dir=tmp_path / "run")
    reports = [monitor.snapshot()]
    shaken(model)
    monitor.step()
    reports.append(monitor.snapshot())
    final = monitor.finish()
    assert final is not None
    assert {row.layer for row in reports[1].measures} == {"lstm"}
    for report in (*reports, final):
        embeddings, unused = left_out(str(report))
        assert embeddings.startswith("! left out: one, other: expected a declared layout")
        assert unused.startswith("! left out: unused: expected the layer to be called in a pass")
        assert "left out: one, other: " in report._repr_html_()
        assert "unwatchable" not in str(report)  # once is enough
    with pytest.raises(livecca.Error, match="got .unused.; expected the layer to be called"):
        final.curve("unused")
    [warning] = [text for text in caplog.messages if "left out" in text]
    assert warning.startswith("livecca: left out: one, other: ") and "left out: unused" in warning
    events = watched.events(tmp_path / "run", "unwatchable")
    assert {event.subject for event in events} == {"net/one", "net/other", "net/unused"}


def test_a_layer_that_comes_later_has_a_line_too(tmp_path: Path) -> None:
    model = Texts()
    probe = [torch.randint(0, 20, (5, 200))]

    def forward(network: nn.Module, tokens: torch.Tensor) -> None:
        outputs = network(tokens)
        if network.is_late:
            network.unused(outputs[0])

    model.is_late = False
    monitor = Monitor(
        model, ["lstm", "unused"], probe=probe, run_dir=tmp_path / "run", forward=forward
    )
    monitor.snapshot()
    model.is_late = True
    shaken(model)
    lines = [str(monitor.snapshot()).splitlines() for _ in range(2)]
    told = "! nothing to compare with so far: unused"
    assert told in lines[0] and told not in lines[1]
    cells = [re.split(r"  +", line) for line in lines[1] if line.startswith("unused  ")]
    assert len(cells) == 1 and "0.0000" in cells[0][3]  # to its start, which is the same
    assert "nothing to compare" not in str(monitor.finish())


def test_layers_that_all_have_numbers_are_not_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = watched.Net()
    with Monitor(model, ["fc1"], probe=[watched.data()[0]], run_dir=tmp_path / "run") as monitor:
        report = monitor.snapshot()
        assert not left_out(str(report)) and not caplog.messages


def test_without_any_layer_the_end_says_why(tmp_path: Path) -> None:
    monitor = Monitor(Texts(), ["one"], probe=batches(), run_dir=tmp_path / "run")
    reports: list[Any] = [monitor.snapshot(), monitor.snapshot(), monitor.finish()]
    for report in reports:
        assert len(left_out(str(report))) == 1
        assert not JARGON.search(str(report)) and not JARGON.search(report._repr_html_())
    first, *rest = str(reports[-1]).splitlines()
    assert first.startswith("no distances to the final state: it needs layers that are heard")
    assert len(rest) == 1


def test_a_probe_that_never_ran_is_the_reason_at_the_end(tmp_path: Path) -> None:
    model = watched.Net()
    probe = [torch.zeros(40, 5)]  # of another width than the network's
    monitor = Monitor(model, ["fc1"], probe=probe, run_dir=tmp_path / "run")
    reports: list[Any] = [monitor.snapshot(), monitor.snapshot()]
    final = monitor.finish()
    for report in reports:
        assert len(str(report).splitlines()) == 2 and "mat1 and mat2 shapes" in str(report)
    first = "no distances to the final state: the probe never ran: RuntimeError: "
    assert str(final).startswith(first) and "mat1 and mat2 shapes" in str(final)
    assert len(str(final).splitlines()) == 1
    for report in (*reports, final):
        assert not JARGON.search(str(report)) and not JARGON.search(report._repr_html_())
    assert not any(JARGON.search(event.message) for event in watched.events(tmp_path / "run"))


def test_a_probe_that_failed_at_one_snapshot_is_said_at_the_end(tmp_path: Path) -> None:
    model = watched.Net()
    fails = False

    def forward(network: nn.Module, batch: torch.Tensor) -> None:
        if fails:
            raise ValueError("no luck")
        network(batch)

    probe = [watched.data()[0]]
    monitor = Monitor(model, ["fc1"], probe=probe, run_dir=tmp_path / "run", forward=forward)
    monitor.snapshot()
    fails = True
    failed = monitor.snapshot()
    fails = False
    shaken(model)
    monitor.snapshot()
    final = monitor.finish()
    assert "ValueError: no luck" in str(failed) and not JARGON.search(str(failed))
    line = "! the pass over the probe failed at 1 of 3 snapshots: ValueError: no luck"
    assert line in str(final).splitlines() and not JARGON.search(str(final))


def test_without_a_probe_reports_have_no_words_of_the_core(tmp_path: Path) -> None:

    monitor = Monitor(
        watched.Net(), ["fc1"], run_dir=tmp_path / "run", train_stream=Schedule.every_steps(1)
    )
    reports: list[Any] = [monitor.snapshot(), monitor.finish()]
    for report in reports:
        assert "got none" in str(report) and not JARGON.search(str(report))


QUESTION = "is this the model that is trained?"


def monitor_of(model: nn.Module, run_dir: Path, **options: Any) -> Monitor:
    return Monitor(model, ["fc1", "fc2"], probe=[watched.data()[0]], run_dir=run_dir, **options)


def unchanged(report: Any) -> str:
    """What a report says of a network that stands still, in text and in HTML."""
    lines = [line for line in str(report).splitlines() if QUESTION in line]
    assert len(lines) <= 1 and (QUESTION in report._repr_html_()) == bool(lines)
    return lines[0] if lines else ""


def test_a_network_that_is_not_trained_is_told(tmp_path: Path) -> None:
    model, other = watched.Net(), watched.Net()
    monitor = monitor_of(model, tmp_path / "run")
    reports = [monitor.snapshot()]
    for epoch in range(3):
        watched.train(other, epochs=1, first=epoch)
        for _ in range(8):
            monitor.step()
        reports.append(monitor.snapshot())
    text = f"! the watched network did not change over 8 steps; {QUESTION}"
    assert [unchanged(report) for report in reports] == ["", text, text, text]
    assert unchanged(monitor.finish()) == text.replace("8", "24")


@pytest.mark.parametrize("keep_history", [True, False])
def test_a_network_that_stands_still_at_the_end_is_told(tmp_path: Path, keep_history: bool) -> None:
    model = watched.Net()
    monitor = monitor_of(model, tmp_path / "run", keep_history=keep_history)
    monitor.snapshot()
    watched.train(model, monitor, epochs=1)
    monitor.step()
    reports = [monitor.snapshot(), monitor.snapshot()]
    text = f"! the watched network did not change over 1 step; {QUESTION}"
    assert [unchanged(report) for report in reports] == [text, text]
    text = f"! the watched network did not change over 1 step at the end; {QUESTION}"
    assert unchanged(monitor.finish()) == text


def test_a_network_that_changes_is_not_told_to_stand_still(tmp_path: Path) -> None:
    # Each layer only mixes its inputs, so the distances of correlations are 0.
    model = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6))
    probe = [torch.randn(40, 6)]
    monitor = Monitor(model, ["*"], probe=probe, run_dir=tmp_path / "run", measures=["pwcca"])
    reports: list[Any] = [monitor.snapshot(), monitor.snapshot()]  # no step between
    for _ in range(2):
        with torch.no_grad():
            model[0].weight[0, 0] += 1e-3
        monitor.step()
        reports.append(monitor.snapshot())
    found = reports[-1].find("0", "start", "pwcca_distance")
    assert found is not None and found.value is not None and found.value < 1e-6
    reports.append(monitor.finish())
    assert [unchanged(report) for report in reports] == [""] * 5


def test_a_failed_pass_says_nothing_of_change(tmp_path: Path) -> None:
    model = watched.Net()
    fails = True

    def forward(network: nn.Module, batch: torch.Tensor) -> None:
        if fails:
            raise ValueError("no luck")
        network(batch)

    monitor = monitor_of(model, tmp_path / "run", forward=forward)
    reports: list[Any] = [monitor.snapshot()]
    monitor.step()
    reports.append(monitor.snapshot())
    fails = False
    monitor.step()
    reports.append(monitor.snapshot())
    reports.append(monitor.finish())
    assert [unchanged(report) for report in reports] == [""] * 4


def test_the_end_never_waits_for_a_snapshot_that_nobody_solves() -> None:
    class Unsolved:
        def ready(self) -> bool:
            return False

        def wait(self) -> list[str]:
            raise AssertionError("would wait forever")

    changes = Changes("net")
    for _ in range(2):
        changes.add().solved_by(livecca.Snapshot(Unsolved(), 0))
        changes.count_step()
    assert changes.remark_at_the_end() == ""


class TwoWays(watched.Net):
    """In training, fc1 is called in a way that no hook hears."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        call = self.fc1.forward if self.training else self.fc1
        return self.fc2(self.relu(call(x)))


@pytest.mark.parametrize("how", ["never", "compiled", "a layer"])
def test_what_the_train_stream_does_not_hear_is_said(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    model: Any = TwoWays() if how == "a layer" else watched.Net()
    if how == "compiled":
        model = torch.compile(model, backend="eager")
    options = {"probe": [watched.data()[0]], "train_stream": Schedule.every_steps(1)}
    with Monitor(model, ["fc1", "fc2"], run_dir=tmp_path / "run", **options) as monitor:
        for _ in range(3):
            if how != "never":
                model(watched.data()[0]).sum().backward()
            monitor.step()
        reports: list[Any] = [monitor.snapshot(), monitor.snapshot(), monitor.finish()]
    subject = "train stream: fc1: expected the" if how == "a layer" else "train stream: expected a"
    for report in reports:
        lines = [line for line in str(report).splitlines() if line.startswith(f"! {subject}")]
        assert len(lines) == 1, str(report)
        assert "step_discarded" not in str(report) and "begun" not in str(report)
    assert [f"livecca: {subject}" in message for message in caplog.messages].count(True) == 1


def test_the_report_at_the_end_has_a_chart_in_a_notebook(tmp_path: Path) -> None:
    model = watched.Net()
    with monitor_of(model, tmp_path / "run") as monitor:
        for _ in range(3):
            monitor.snapshot()
            shaken(model)
            monitor.step()
        final: Any = monitor.finish()
    page = final._repr_html_()
    assert page.count("<svg") == page.count("<polyline") == 2  # a layer each
    [first, *_] = re.findall(r'<polyline points="([^"]*)"', page)
    begin, end = (float(point.split(",")[1]) for point in first.split())
    assert 1 <= begin < end < 23  # falls towards the final state, whose distance 0 is at 23


@pytest.mark.parametrize("synchronous", [False, True])
def test_on_snapshot_is_told_what_the_reports_say(tmp_path: Path, synchronous: bool) -> None:
    told: list[str] = []
    model = Texts()
    monitor = Monitor(
        model,
        ["*"],
        probe=batches(),
        run_dir=tmp_path / "run",
        synchronous=synchronous,
        verdict_first_verdict=4,
        on_snapshot=lambda snapshot: told.append(str(snapshot)),
    )
    reports = []
    for epoch in range(5):
        if epoch not in (2, 4):  # then nothing changes
            shaken(model, epoch)
        monitor.step()
        reports.append(monitor.snapshot())
    monitor.finish()
    assert told == [str(report) for report in reports]
    for epoch, text in enumerate(told):
        assert "! left out: one, other: " in text and "! left out: unused: " in text
        assert (QUESTION in text) == (epoch in (2, 4))
    assert "moving" in told[3]


def test_on_snapshot_is_told_of_a_pass_that_failed(tmp_path: Path) -> None:
    told: list[str] = []

    def forward(network: nn.Module, batch: torch.Tensor) -> None:
        raise ValueError("no luck")

    monitor = monitor_of(
        watched.Net(),
        tmp_path / "run",
        forward=forward,
        synchronous=True,
        on_snapshot=lambda snapshot: told.append(str(snapshot)),
    )
    report = monitor.snapshot()
    assert told == [str(report)] and "no luck" in told[0]
    assert "unverified_probe" not in told[0]
    monitor.close()
