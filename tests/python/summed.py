"""What tests of moments share: rows, NumPy's two passes over them, and how errors look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import livecca

Array = NDArray[Any]

# Sums of up to 1000 products in another order differ by less than 1000 roundings of 1.1e-16 each.
ROUNDING = 1e-12


def sides(random: np.random.Generator, rows: int = 900) -> tuple[Array, Array]:
    shared = random.normal(size=(rows, 6))
    x = 3 + shared @ random.normal(size=(6, 20)) + random.normal(size=(rows, 20))
    y = shared @ random.normal(size=(6, 13)) + random.normal(size=(rows, 13)) - 7
    return x, y


def fed(x: Array, y: Array, batch: int = 128, **options: Any) -> livecca.Moments:
    moments = livecca.Moments(x.shape[1], y.shape[1], **options)
    for first in range(0, len(x), batch):
        moments.update(x[first : first + batch], y[first : first + batch])
    return moments


def sums(x: Array, y: Array) -> dict[str, Array]:
    """In two passes: the means, then products of what is centred."""
    centred_x, centred_y = x - x.mean(axis=0), y - y.mean(axis=0)
    return {
        "mean_x": x.mean(axis=0),
        "scatter_x": centred_x.T @ centred_x,
        "mean_y": y.mean(axis=0),
        "scatter_y": centred_y.T @ centred_y,
        "product": centred_x.T @ centred_y,
    }


def numbers(moments: livecca.Moments) -> dict[str, Array]:
    names = ("mean_x", "scatter_x", "mean_y", "scatter_y", "product")
    return {name: getattr(moments, name) for name in names}


def expect_equal_bits(moments: livecca.Moments, other: livecca.Moments) -> None:
    assert moments.samples == other.samples
    for name, values in numbers(moments).items():
        assert np.array_equal(values, numbers(other)[name]), name


def expect_close(moments: livecca.Moments, expected: dict[str, Array]) -> None:
    for name, values in numbers(moments).items():
        scale = np.abs(expected[name]).max()
        assert np.allclose(values, expected[name], rtol=0, atol=ROUNDING * scale), name


def error_of(call: Any) -> str:
    with pytest.raises(livecca.Error) as error:
        call()
    message = str(error.value)
    assert "\n" not in message
    return message
