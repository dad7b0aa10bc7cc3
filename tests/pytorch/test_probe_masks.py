"""Masks of padding that no layer has, or that leave nothing, are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
from livecca.torch import Monitor, record

LENGTHS = torch.tensor([3, 5, 8, 4] * 25)
MASK = torch.arange(8) < LENGTHS[:, None]  # True is valid
IDS = torch.randint(1, 30, (100, 8), generator=torch.Generator().manual_seed(1)) * MASK
LABELS = torch.arange(100) % 4
VALID = int(LENGTHS.sum())


class Encoder(nn.Module):
    """Takes its mask under a name that says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 4)

    def forward(self, ids: torch.Tensor, mask: Any = None, more: Any = None) -> torch.Tensor:
        return self.words(ids)


def samples_of(run_dir: Path) -> set[int]:
    return {row.samples for row in livecca.read_run(run_dir).of(livecca.LayerRow)}


def told_of(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [message for message in caplog.messages if words in message]


@pytest.mark.parametrize("mask", [MASK, ~MASK, MASK.long()])
@pytest.mark.parametrize("form", ["mapping", "mask first", "in a tuple"])
def test_an_entry_like_a_mask_that_no_layer_has_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mask: torch.Tensor, form: str
) -> None:
    batch: Any = {"ids": IDS, "mask": mask, "labels": LABELS}
    if form == "mask first":
        batch = dict(reversed(batch.items()))
    if form == "in a tuple":
        batch = ({"ids": IDS, "mask": mask}, LABELS)
    with Monitor(Encoder(), "*", probe=[batch], run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
        monitor.snapshot()
    assert samples_of(tmp_path / "run") == {800}  # with padding
    [told] = told_of(caplog, "looks like a mask")
    assert "'mask' of a batch looks like a mask of padding, but no layer has a mask" in told
    assert plan.remark in told and plan.remark in str(plan) and plan.remark


def test_what_the_remark_says_helps(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Monitor(
        Encoder(), "*", probe=[{"ids": IDS, "mask": MASK.long()}], run_dir=tmp_path / "a"
    ) as monitor:
        monitor.snapshot()
    [told] = told_of(caplog, "looks like a mask")
    assert "call it attention_mask if 1 is valid" in told
    forward = eval(told.partition("forward=")[2])
    for name, mask in (("attention_mask", MASK.long()), ("key_padding_mask", ~MASK)):
        given = forward
        if name != "attention_mask":
            text = told.partition("forward=")[2].replace("attention_mask", name)
            given = eval(text)
        probe = [{"ids": IDS, name: mask}]
        with Monitor(
            Encoder(), "*", probe=probe, run_dir=tmp_path / name, positions=None, forward=given
        ) as monitor:
            monitor.snapshot()
        assert samples_of(tmp_path / name) == {VALID}
    assert len(told_of(caplog, "looks like a mask")) == 1


def test_an_ending_that_tells_needs_no_other_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Renamed(Encoder):
        def forward(self, ids: torch.Tensor, my_padding_mask: Any = None) -> torch.Tensor:  # type: ignore[override]
            return self.words(ids)

    probe = [{"ids": IDS, "my_padding_mask": ~MASK}]
    options: Any = {"probe": probe, "positions": None}
    with Monitor(Renamed(), "*", run_dir=tmp_path / "a", **options) as monitor:
        monitor.snapshot()
    [told] = told_of(caplog, "looks like a mask")
    assert told.endswith("if it is a mask: mask='my_padding_mask'")
    with Monitor(
        Renamed(), "*", run_dir=tmp_path / "b", mask="my_padding_mask", **options
    ) as monitor:
        monitor.snapshot()
    assert samples_of(tmp_path / "b") == {VALID}
    assert len(told_of(caplog, "looks like a mask")) == 1


@pytest.mark.parametrize(
    "batch",
    [
        {"ids": IDS, "more": IDS % 2},  # of 0 and 1 in any order
        {"ids": IDS, "more": torch.ones_like(MASK)},
        {"ids": IDS, "more": MASK[:, :7]},
        {"ids": IDS, "more": LABELS},
        {"ids": IDS, "labels": MASK.long()},
        {"ids": IDS, "token_type_ids": MASK.long()},
        {"ids": IDS, "attention_mask": torch.ones_like(IDS), "more": MASK.long()},
    ],
)
def test_entries_that_are_no_mask_are_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, batch: Any
) -> None:
    with Monitor(
        Encoder(), "*", probe=[batch], run_dir=tmp_path / "run",
        forward=lambda model, one: model(one["ids"]),
    ) as monitor:  # fmt: skip
        assert monitor.plan().remark == ""
        monitor.snapshot()
    assert told_of(caplog, "looks like a mask") == []


def test_a_recording_is_told_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    record(Encoder(), [{"ids": IDS, "mask": MASK}], tmp_path / "a.safetensors")
    assert len(told_of(caplog, "looks like a mask")) == 1


def test_a_mask_that_leaves_nothing_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # No sequence is padded, and the mask is the other way round.
    probe = [{"ids": IDS, "more": None, "attention_mask": torch.zeros_like(IDS)}]
    options: Any = {"forward": lambda model, batch: model(batch["ids"])}
    monitor = Monitor(Encoder(), "*", probe=probe, run_dir=tmp_path / "run", **options)
    plan = monitor.plan()
    reports = [monitor.snapshot(), monitor.snapshot()]
    final = monitor.finish()
    assert final is not None
    words = "by the mask, a batch of the probe has no valid step, so it gives words no samples; is "
    [told] = told_of(caplog, words)
    assert "is the mask the other way round? attention_mask is 1 where a step is valid" in told
    assert words in plan.remark
    for report in (*reports, final):
        assert f"! {words}" in str(report) and words in report._repr_html_()
    first = str(final).splitlines()[0]
    assert first == "no distances to the final state: a batch of the probe has no valid step"
    assert len(caplog.messages) == 1  # and not that the history has no samples


def test_one_batch_without_a_valid_step_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    masks = [MASK[:50], torch.zeros_like(MASK[50:])]
    probe = [
        {"ids": ids, "attention_mask": mask.long()}
        for ids, mask in zip(IDS.split(50), masks, strict=True)
    ]
    options: Any = {"forward": lambda model, batch: model(batch["ids"]), "positions": None}
    with Monitor(Encoder(), "*", probe=probe, run_dir=tmp_path / "run", **options) as monitor:
        monitor.snapshot()
    assert samples_of(tmp_path / "run") == {int(LENGTHS[:50].sum())}
    assert len(told_of(caplog, "has no valid step")) == 1
