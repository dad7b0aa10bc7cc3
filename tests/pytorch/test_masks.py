"""Which steps of sequences are valid."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from livecca import Error
from livecca.torch._hearing.masks import (
    check_valid_steps,
    from_attention_mask,
    from_lengths,
    from_padding_mask,
    valid_steps_of,
)
from livecca.torch._layers.layers import Layer
from livecca.torch._layers.outputs import activation_of

VALID = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]]).bool()
LEFT = VALID.flip(1)


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.uint8, torch.float32])
@pytest.mark.parametrize("valid", [VALID, LEFT])
def test_an_attention_mask_is_one_where_a_step_is_valid(
    valid: torch.Tensor, dtype: torch.dtype
) -> None:
    found = from_attention_mask(valid.to(dtype))
    assert found.dtype == torch.bool
    assert torch.equal(found, valid)


@pytest.mark.parametrize("valid", [VALID, LEFT])
def test_a_padding_mask_is_true_where_a_step_is_padding(valid: torch.Tensor) -> None:
    assert torch.equal(from_padding_mask(~valid), valid)
    additive = torch.zeros(3, 4).masked_fill(~valid, -torch.inf)
    assert torch.equal(from_padding_mask(additive), valid)


def test_lengths_with_padding_on_either_side() -> None:
    assert torch.equal(from_lengths(torch.tensor([3, 1, 4]), 4), VALID)
    assert torch.equal(from_lengths([3, 1, 4], 4, padding="left"), LEFT)
    assert from_lengths([0, 2], 2).tolist() == [[False, False], [True, True]]
    assert from_lengths([], 2).shape == (0, 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: from_attention_mask(torch.ones(3, 1, 4, 4)), "batch × steps"),
        (lambda: from_attention_mask(torch.full((3, 4), 2)), "1 for valid"),
        (lambda: from_attention_mask(torch.full((3, 4), -torch.inf)), "1 for valid"),
        (lambda: from_padding_mask(torch.ones(3, 4, dtype=torch.int64)), "use attention_mask"),
        (lambda: from_padding_mask(torch.ones(3, 4)), "use attention_mask"),
        (lambda: from_padding_mask(torch.ones(3).bool()), "batch × steps"),
        (lambda: from_lengths([3, 5], 4), "0 to the activation's 4 steps, got 3 to 5"),
        (lambda: from_lengths([-1, 2], 4), "got -1 to 2"),
        (lambda: from_lengths(torch.ones(2), 4), "a whole number"),
        (lambda: from_lengths(torch.ones(2, 2, dtype=torch.int64), 4), "a whole number"),
        (lambda: from_lengths([1], 4, padding="both"), "'right' or 'left'"),
    ],
)
def test_what_is_no_mask_is_refused_in_one_line(make: Any, words: str) -> None:
    with pytest.raises(Error) as told:
        make()
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "batch",
    [
        {"attention_mask": VALID.long()},
        {"input_ids": torch.zeros(3, 4), "attention_mask": VALID},
        {"src_key_padding_mask": ~VALID},
        {"key_padding_mask": ~VALID},
        {"lengths": torch.tensor([3, 1, 4])},
        {"attention_mask": None, "length": [3, 1, 4]},
        {"lengths": torch.tensor([9, 9, 9]), "attention_mask": VALID},  # the mask goes first
    ],
)
def test_a_batch_says_which_steps_are_valid(batch: dict[str, Any]) -> None:
    found = valid_steps_of(batch, 3, 4, "layer 'a'")
    assert found is not None
    assert torch.equal(found, VALID)


def test_a_batch_without_a_mask_has_none() -> None:
    assert valid_steps_of({"input_ids": torch.zeros(3, 4)}, 3, 4, "layer 'a'") is None
    assert valid_steps_of(torch.zeros(3, 4), 3, 4, "layer 'a'") is None
    assert valid_steps_of((torch.zeros(3, 4), torch.zeros(3)), 3, 4, "layer 'a'") is None


def test_a_mask_of_another_name() -> None:
    batch = {"attention_mask": torch.ones(3, 9), "decoder_attention_mask": VALID, "mask": VALID}
    found = valid_steps_of(batch, 3, 4, "layer 'a'", key="decoder_attention_mask")
    assert found is not None
    assert torch.equal(found, VALID)
    with pytest.raises(Error, match="tells what 1 means"):
        valid_steps_of(batch, 3, 4, "layer 'a'", key="mask")
    with pytest.raises(Error, match="expected a mask 'lengths', got a batch with attention_mask"):
        valid_steps_of(batch, 3, 4, "layer 'a'", key="lengths")
    with pytest.raises(Error, match="expected a batch with 'lengths', got a Tensor"):
        valid_steps_of(VALID, 3, 4, "layer 'a'", key="lengths")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((3, 5), "expected 3 sequences × 5 steps as the activation has, got 3 × 4; give this"),
        ((4, 3), "expected 4 sequences × 3 steps as the activation has, got 3 × 4; transpose it"),
        ((2, 4), "expected 2 sequences × 4 steps"),
    ],
)
def test_a_mask_of_another_shape_is_refused(shape: tuple[int, int], words: str) -> None:
    with pytest.raises(Error, match=r"layer 'a': attention_mask: ") as told:
        valid_steps_of({"attention_mask": VALID}, *shape, "layer 'a'")
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    with pytest.raises(Error, match="expected bool of batch × steps"):
        check_valid_steps(VALID.long(), 3, 4, "layer 'a'")


def test_the_mask_of_a_tokenizer_that_pads() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(vocab_size=40, n_embd=16, n_layer=1, n_head=2, n_positions=16)
    model = transformers.GPT2Model(config).eval()
    batch = transformers.BatchEncoding(
        {"input_ids": torch.randint(0, 40, (3, 4)), "attention_mask": VALID.long()}
    )
    hidden = activation_of(Layer("gpt2", model), model(**batch)).tensor
    valid = valid_steps_of(batch, *hidden.shape[:2], "layer 'gpt2'")
    assert valid is not None
    # What stands in the padding must not matter to the steps that are valid.
    changed = dict(batch, input_ids=torch.where(VALID, batch["input_ids"], 39))
    other = model(**changed).last_hidden_state
    torch.testing.assert_close(hidden[valid], other[valid])
    assert not torch.allclose(hidden[~valid], other[~valid])


def test_torchs_mask_and_packed_sequences_agree() -> None:
    sequences = [torch.randn(length, 4) for length in (3, 1, 4)]
    lstm = nn.LSTM(4, 5, batch_first=True)
    packed, _ = lstm(pack_sequence(sequences, enforce_sorted=False))
    found = activation_of(Layer("lstm", lstm), packed)
    assert found.valid is not None
    assert torch.equal(found.valid, VALID)
    check_valid_steps(found.valid, *found.tensor.shape[:2], "layer 'lstm'")
