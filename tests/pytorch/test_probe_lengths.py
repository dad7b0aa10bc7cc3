"""A probe whose batches are padded to lengths of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca.torch import Monitor, record


class Words(nn.Module):
    """Embeds numbers of words, and takes the mean of each sentence."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.words = nn.Embedding(30, 5)
        self.fc = nn.Linear(5, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.words(x).mean(1))


def batches() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randint(0, 30, (40, length), generator=generator) for length in (6, 3, 9)]


def monitor_of(run_dir: Path, probe: Any, **options: Any) -> Monitor:
    return Monitor(Words(), ["fc"], probe=probe, run_dir=run_dir, **options)


@pytest.mark.parametrize("kind", ["tensors", "tuples", "mappings"])
def test_the_same_probe_is_known_again_and_another_order_is_found(
    tmp_path: Path, kind: str
) -> None:
    def as_kind(x: torch.Tensor) -> Any:
        return {"tensors": x, "tuples": (x, 0), "mappings": {"x": x}}[kind]

    probe = [as_kind(x) for x in batches()]
    with monitor_of(tmp_path / "run", probe) as monitor:
        monitor.snapshot()
        same = monitor.snapshot().find("fc", "start", "pwcca_distance")
        assert same is not None and same.value == pytest.approx(0, abs=1e-12)
        assert watched.events(tmp_path / "run") == []
        probe.reverse()
        report = monitor.snapshot()
        row = report.find("fc", "start", "pwcca_distance")
        assert row is not None and row.value is None
    event = watched.events(tmp_path / "run", "other_probe")[0]
    assert event.subject == "start/fc" and "another order" in event.message


def test_a_recording_of_the_same_probe_is_compared_and_of_another_is_not(tmp_path: Path) -> None:
    other = [*batches()[:2], batches()[2].flip(1)]
    for name, probe in (("same", batches()), ("other", other)):
        assert record(Words(2), probe, tmp_path / f"{name}.safetensors", "fc") == ()
    packs = {name: str(tmp_path / f"{name}.safetensors") for name in ("same", "other")}
    with monitor_of(tmp_path / "run", batches(), references=packs) as monitor:
        report = monitor.snapshot()
        values = {
            row.reference: row.value for row in report.measures if row.measure == "pwcca_distance"
        }
    assert values["same"] is not None and values["other"] is None
    events = livecca.read_run(tmp_path / "run").of(livecca.EventRow)
    assert {event.what for event in events} == {"other_probe", "finished"}
