"""compare() of tensors and of JAX's arrays."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch

import livecca

X = torch.randn(200, 5, generator=torch.Generator().manual_seed(3))
Y = X @ torch.randn(5, 4, generator=torch.Generator().manual_seed(4)) + X[:, :4].roll(1, 0)


@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.int16, torch.bool]
)
def test_tensors_are_read_as_their_values(dtype: torch.dtype) -> None:
    x = (4 * X).round().clamp(0, 250).to(dtype)
    expected = livecca.compare(x.double().numpy(), Y.double().numpy())
    got = livecca.compare(x, Y.double())
    # The values are whole numbers, which every type holds; so only the order of sums differs.
    assert np.allclose(got.canonical_correlations, expected.canonical_correlations, atol=1e-9)
    assert got.ranks[0] == 5


def test_ranks_allow_for_the_rounding_of_bfloat16() -> None:
    # The fifth feature is the sum of two others but for the rounding of bfloat16.
    x = X.clone()
    x[:, 4] = x[:, 0] + x[:, 1]
    assert livecca.compare(x.bfloat16(), Y).ranks[0] == 4
    assert livecca.compare(x.bfloat16().float(), Y).ranks[0] == 5


def test_tensors_as_training_has_them() -> None:
    expected = livecca.compare(X.numpy(), Y.numpy())
    parameter = torch.nn.Parameter(X.clone())
    for x in (parameter, parameter * 1, X.T.contiguous().T, torch._neg_view(-X)):
        assert livecca.compare(x, Y) == expected


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (
            lambda: torch.nested.nested_tensor([X, X[:3]]),
            "x: expected a dense tensor, got a nes",
        ),
        (lambda: X.to_sparse(), "x: expected a dense tensor, got torch.sparse_coo"),
        (lambda: X.to("meta"), "x: expected a tensor with numbers, got one on device meta"),
        (lambda: X + 1j, "x: expected floating-point or whole numbers, got complex64"),
        (lambda: X.to(torch.float8_e4m3fn), "x: expected floating-point or whole numbers, got flo"),
    ],
)
def test_other_tensors_are_refused_in_one_line(x: object, words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nested tensors, which are a prototype
        tensor = x()  # type: ignore[operator]
    with pytest.raises(livecca.Error) as error:
        livecca.compare(tensor, Y)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_no_copy_is_made_of_a_tensor() -> None:
    code = """
import resource
import torch, livecca
rows = 12_000_000
x = torch.zeros(rows, 8, dtype=torch.float64).requires_grad_()
livecca.compare(torch.zeros(5000, 8), torch.zeros(5000, 4), measures="mean_cca")
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + rows * 8 * 8 // 2, -1))
print(livecca.compare(x, x[:, ::2], measures="mean_cca").samples == rows)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_arrays_of_jax_are_read() -> None:
    jax = pytest.importorskip("jax", reason="SKIPPED: no jax")
    x, y = jax.numpy.asarray(X.numpy()), jax.numpy.asarray(Y.numpy())
    assert livecca.compare(x, y) == livecca.compare(X.numpy(), Y.numpy())
    short = x.astype(jax.numpy.bfloat16)
    assert livecca.compare(short, y) == livecca.compare(X.bfloat16(), Y)
    whole = (10 * x).astype(jax.numpy.int32)
    assert livecca.compare(whole, y) == livecca.compare(np.asarray(whole), Y.numpy())


@pytest.mark.parametrize("as_numbers", [False, True])
def test_a_mask_is_true_where_a_step_is_valid(as_numbers: bool) -> None:
    x, y = (torch.randn(40, 6, 3) for _ in range(2))
    lengths = torch.arange(40) % 5 + 1
    key_padding_mask = torch.arange(6) >= lengths[:, None]  # as PyTorch has it: True is padding
    valid = ~key_padding_mask
    mask = valid.long() if as_numbers else valid  # as of Hugging Face
    got = livecca.compare(x, y, layout="ntc", mask=mask, measures="pwcca")
    expected = livecca.compare(x[valid], y[valid], measures="pwcca")
    assert got.samples == expected.samples == int(lengths.sum())
    assert got.distance["pwcca"] == pytest.approx(expected.distance["pwcca"], rel=1e-12)
