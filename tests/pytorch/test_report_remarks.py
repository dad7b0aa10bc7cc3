"""What the printed reports say of layers and passes that have no numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import watched
from livecca import Schedule
from livecca.torch import Monitor

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
    [warning] = [text for text in caplog.messages if "left out" in text]
    assert warning.startswith("livecca: left out: one, other: ") and "left out: unused" in warning
    events = watched.events(tmp_path / "run", "unwatchable")
    assert {event.subject for event in events} == {"net/one", "net/other", "net/unused"}


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
    assert any(JARGON.search(event.message) for event in watched.events(tmp_path / "run"))


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
