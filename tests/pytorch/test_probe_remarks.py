"""What is said of a probe that the network cannot run on, or of which it would not see all."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import livecca
from livecca.torch import Monitor

LENGTHS = torch.tensor([3, 5, 8, 4] * 15)
MASK = torch.arange(8) < LENGTHS[:, None]  # True is valid
TOKENS = torch.randint(1, 30, (60, 8), generator=torch.Generator().manual_seed(1)) * MASK
LABELS = torch.arange(60) % 4


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 4)
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

    def forward(
        self, tokens: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        padding = None if attention_mask is None else attention_mask == 0
        return self.layer(self.words(tokens), src_key_padding_mask=padding)


def remarks(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [one.getMessage() for one in caplog.records if words in one.getMessage()]


def samples_of(run_dir: Path) -> set[int]:
    return {row.samples for row in livecca.read_run(run_dir).of(livecca.LayerRow)}


@pytest.mark.parametrize("mask", [MASK, ~MASK, MASK.long(), MASK.to(torch.uint8)])
@pytest.mark.parametrize("where", [1, 2])
def test_a_mask_that_the_network_does_not_get_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mask: torch.Tensor, where: int
) -> None:
    parts = [TOKENS, LABELS]
    parts.insert(where, mask)
    probe = DataLoader(TensorDataset(*parts), batch_size=25)
    with Monitor(Encoder(), "*", probe=probe, run_dir=tmp_path / "run") as monitor:
        for _ in range(2):
            monitor.snapshot()
        plan = monitor.plan()
    [told] = remarks(caplog, "looks like a mask")
    assert f"part {where} " in told
    assert told.endswith(f"forward=lambda model, batch: model(batch[0], batch[{where}])")
    assert plan.remark in told and plan.remark in str(plan)


@pytest.mark.parametrize(
    "batch",
    [
        (TOKENS, TOKENS % 2),  # labels of words: of 0 and 1 in any order
        (TOKENS, (TOKENS % 2).float()),
        (TOKENS, MASK.long() * 2),
        (TOKENS, MASK[:, :7]),
        (TOKENS, torch.ones_like(MASK)),  # leaves nothing out
        (TOKENS, LABELS),
        (TOKENS, "text", None),
    ],
)
def test_what_is_no_mask_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, batch: Any
) -> None:
    with Monitor(Encoder(), "*", probe=[batch], run_dir=tmp_path / "run") as monitor:
        assert monitor.plan().remark == ""
        monitor.snapshot()
    assert remarks(caplog, "looks like a mask") == []


@pytest.mark.parametrize("first", [torch.randn(60, 8), torch.randn(60, 8, 2, 2)])
def test_targets_of_rows_and_images_are_no_mask(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, first: torch.Tensor
) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(first[0].numel(), 3))
    with Monitor(model, "1", probe=[(first, MASK)], run_dir=tmp_path / "run") as monitor:
        monitor.snapshot()
    assert remarks(caplog, "looks like a mask") == []


def test_the_forward_that_the_remark_names_has_the_mask(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "livecca")
    probe = DataLoader(TensorDataset(TOKENS, MASK.long(), LABELS), batch_size=25)
    with Monitor(
        Encoder(), "*", probe=probe, run_dir=tmp_path / "run",
        forward=lambda model, batch: model(batch[0], batch[1]),
    ) as monitor:  # fmt: skip
        plan = monitor.plan()
        monitor.snapshot()
    assert remarks(caplog, "looks like a mask") == []
    assert samples_of(tmp_path / "run") == {int(LENGTHS.sum())}
    assert plan.remark == ""


def test_tensors_without_a_shape_are_run(tmp_path: Path) -> None:
    nested = torch.nested.nested_tensor([torch.randn(3, 4), torch.randn(5, 4)])
    probe = livecca.torch.Probe([(nested, MASK)])
    [batch] = probe.batches(nn.Linear(4, 2))
    assert batch.value[0].is_nested and probe.remark == ""


class Renamed(Encoder):
    def forward(  # type: ignore[override]
        self, tokens: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        return super().forward(tokens, mask)


def test_a_mask_under_a_name_that_tells_nothing_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    probe = DataLoader(TensorDataset(TOKENS, MASK.long(), LABELS), batch_size=25)
    with Monitor(
        Renamed(), "*", probe=probe, run_dir=tmp_path / "run",
        forward=lambda model, batch: model(batch[0], batch[1]),
    ) as monitor:  # fmt: skip
        for _ in range(2):
            monitor.snapshot()
        plan = monitor.plan()
    [told] = remarks(caplog, "looks like a mask")
    assert "but no layer has a mask" in told and plan.remark in told and plan.remark
    batches = [{"tokens": TOKENS, "attention_mask": MASK.long()}]  # what it says helps
    with Monitor(
        Renamed(), "*", probe=batches, run_dir=tmp_path / "again",
        forward=lambda model, batch: model(batch["tokens"], batch["attention_mask"]),
    ) as monitor:  # fmt: skip
        monitor.snapshot()
    assert len(remarks(caplog, "looks like a mask")) == 1
    assert samples_of(tmp_path / "again") == {int(LENGTHS.sum())}


class NoForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 3)


class OfTwo(NoForward):
    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.fc(source + target)


class OfDict(NoForward):
    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.fc(batch["x"])


class OfOneInside(NoForward):
    """Calls a part of itself wrongly, which no forward= would mend."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = OfTwo()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


X = torch.randn(40, 8, generator=torch.Generator().manual_seed(3))
SAY_HOW = "say how to run the network on a batch: forward=lambda model, batch: …"


@pytest.mark.parametrize(
    ("model", "batch", "kind"),
    [
        (NoForward(), X, NotImplementedError),
        (OfTwo(), (X, X), TypeError),
        (OfTwo(), {"source": X, "misspelt": X}, TypeError),
        (OfDict(), {"x": X}, TypeError),
        (OfDict(), ({"x": X, "y": X}, LABELS), TypeError),
    ],
)
def test_a_call_that_does_not_fit_names_the_way_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, model: nn.Module, batch: Any, kind: Any
) -> None:
    with Monitor(model, "fc", probe=[batch], run_dir=tmp_path / "run") as monitor:
        with pytest.raises(kind) as reason:
            monitor.plan()
        report = monitor.snapshot()
        assert str(reason.value).endswith(f"; {SAY_HOW}")
        assert SAY_HOW in str(report)
    assert len(remarks(caplog, SAY_HOW)) == 1


@pytest.mark.parametrize(
    ("model", "batch", "options"),
    [
        (OfOneInside(), X, {}),
        (OfTwo(), (X, X), {"forward": lambda model, batch: model(batch[0])}),
    ],
)
def test_other_failures_are_as_they_are(
    tmp_path: Path, model: nn.Module, batch: Any, options: Any
) -> None:
    with Monitor(model, "fc", probe=[batch], run_dir=tmp_path / "run", **options) as monitor:
        with pytest.raises(TypeError, match="missing 1 required.*'target'$"):
            monitor.plan()


@pytest.mark.parametrize(
    ("model", "batch", "forward"),
    [
        (NoForward(), (X, LABELS), lambda model, batch: model.fc(batch[0])),
        (OfTwo(), (X, X, LABELS), lambda model, batch: model(batch[0], batch[1])),
        (OfDict(), {"x": X}, lambda model, batch: model(batch)),
    ],
)
def test_the_ways_of_the_documentation_run(
    tmp_path: Path, model: nn.Module, batch: Any, forward: Any
) -> None:
    with Monitor(model, "fc", probe=[batch], run_dir=tmp_path / "run", forward=forward) as monitor:
        monitor.snapshot()
    assert samples_of(tmp_path / "run") == {40}
    assert livecca.read_run(tmp_path / "run").of(livecca.EventRow)[-1].what == "finished"


SINGLE = "these look like single inputs, not batches; give images.split(100) or DataLoader("
IMAGES = torch.randn(50, 3, 8, 8, generator=torch.Generator().manual_seed(4))
DENSE = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (nn.Sequential(nn.Linear(8, 3)), list(X)),  # the layer is refused
        (nn.Sequential(nn.Conv2d(3, 4, 3)), list(IMAGES)),
        (nn.Sequential(nn.Conv2d(3, 4, 3)), [(image, 1) for image in IMAGES]),
        (DENSE, list(IMAGES)),  # the network fails
        (Encoder(), list(TOKENS)),
        (Encoder(), [{"tokens": row, "labels": 1} for row in TOKENS]),
        (
            Encoder(),
            [{"tokens": row.tolist(), "labels": 1} for row in TOKENS],
        ),  # as of Hugging Face
    ],
)
def test_single_inputs_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, model: nn.Module, inputs: Any
) -> None:
    with Monitor(model, "*", probe=inputs, run_dir=tmp_path / "run") as monitor:
        first = str(monitor.snapshot())
        monitor.snapshot()
        assert SINGLE in first
        assert len(remarks(caplog, SINGLE)) == 1
        try:
            said = str(monitor.plan())
        except Exception:
            said = caplog.records[-1].getMessage()
        assert SINGLE in said


@pytest.mark.parametrize(
    ("model", "batches"),
    [
        (DENSE, [X]),  # fails, and is a batch
        (DENSE, IMAGES[:, :2].split(5)),
        (DENSE, IMAGES[:, :2].split(1)),
        (nn.Sequential(nn.Linear(8, 3)), list(X.split(1))),
        (nn.Sequential(nn.Embedding(30, 4)), [TOKENS[:, 0]]),  # one word an input
    ],
)
def test_batches_are_not_taken_for_single_inputs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, model: nn.Module, batches: Any
) -> None:
    with Monitor(model, "*", probe=batches, run_dir=tmp_path / "run") as monitor:
        assert SINGLE not in str(monitor.snapshot())
    assert remarks(caplog, SINGLE) == []


def test_a_dataset_is_told_how_to_become_batches(tmp_path: Path) -> None:
    with pytest.raises(livecca.Error, match=r"; give DataLoader\(dataset, batch_size=100\)$"):
        Monitor(DENSE, "1", probe=TensorDataset(IMAGES), run_dir=tmp_path / "run")
