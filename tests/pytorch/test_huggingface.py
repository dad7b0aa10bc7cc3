"""Networks of Hugging Face, made small and with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import livecca
import watched
from livecca.torch import Monitor

transformers = pytest.importorskip("transformers")

GENERATOR = torch.Generator().manual_seed(1)
IDS = torch.randint(1, 50, (48, 12), generator=GENERATOR)
LENGTHS = torch.randint(3, 13, (48,), generator=GENERATOR)
MASK = (torch.arange(12) < LENGTHS.unsqueeze(1)).long()
LAYERS = ["bert", "bert.embeddings", "bert.encoder.layer.?", "*.attention", "classifier"]


def batches() -> list[dict[str, torch.Tensor]]:
    """Padded to their own longest sequence, as a collator does."""
    labels = (IDS[:, 0] > 25).long()
    found = []
    for rows in torch.arange(48).split(16):
        steps = int(LENGTHS[rows].max())
        ids, mask = IDS[rows, :steps], MASK[rows, :steps]
        found.append({"input_ids": ids, "attention_mask": mask, "labels": labels[rows]})
    return found


def network(seed: int) -> Any:
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=16,
    )  # fmt: skip
    return transformers.BertForSequenceClassification(config).train()


def train(model: Any, monitor: Monitor | None) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    torch.manual_seed(9)
    for _ in range(2):
        for batch in batches():
            optimizer.zero_grad()
            model(**batch).loss.backward()
            optimizer.step()
            if monitor is not None:
                monitor.step()
        if monitor is not None:
            monitor.snapshot()


def test_a_small_bert(tmp_path: Path) -> None:
    alone, beside = network(3), network(3)
    train(alone, None)
    monitor = Monitor(
        beside, LAYERS, probe=batches(), run_dir=tmp_path / "run", synchronous=True,
        references={"other": network(4)}, train_stream=livecca.Schedule.every_steps(1),
        positions=None,
    )  # fmt: skip
    with monitor:
        train(beside, monitor)
    for one, other in zip(alone.parameters(), beside.parameters(), strict=True):
        assert torch.equal(one, other)
    run = livecca.read_run(tmp_path / "run")
    assert watched.events(tmp_path / "run") == []
    samples = {(row.layer, row.stream): row.samples for row in run.of(livecca.LayerRow)}
    assert len(samples) == 2 * 7
    for (layer, _), count in samples.items():
        assert count == (48 if layer == "classifier" else int(MASK.sum()))
