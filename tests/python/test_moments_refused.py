"""What moments refuse, each with one line, and unchanged by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca
from summed import Array, error_of, fed, numbers, sides, sums


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, x, y: m.update(x), "update: expected moments of x and y, got x alone"),
        (lambda m, x, y: m.update(x, y[:, :5]), "y: expected 13 features, got 5"),
        (lambda m, x, y: m.update(x, y[:10]), "y: expected as many inputs as in x, 900, got 10"),
        (lambda m, x, y: m.update(x[:, :, None], y), "x: expected 2 axes for layout nc"),
        (lambda m, x, y: m.update("text", y), "x: expected floating-point or whole numbers"),
        (lambda m, x, y: m.update(x, y, mask=x > 0), "mask: expected layout=ntc or tnc"),
        (lambda m, x, y: m.merge(m), "merge: expected other moments, got these"),
        (lambda m, x, y: m.merge(x), "merge: expected livecca.Moments, got ndarray"),
        (lambda m, x, y: m.merge(livecca.Moments(20)), "got moments of x alone"),
        (
            lambda m, x, y: m.merge(fed(x, y[:, 1:])),
            "merge: y: expected moments of 13",
        ),
        (
            lambda m, x, y: m.merge(livecca.Moments(20, 12)),
            "y: expected moments of 13 features, got",
        ),
        (
            lambda m, x, y: livecca.Moments(3, 4).merge(livecca.Moments(2, 4)),
            "x: expected moments of 3",
        ),
        (lambda m, x, y: m.save("no/folder/here"), "no/folder/here: expected"),
        (lambda m, x, y: m.compare(measures="cca"), "measures: expected some of mean_cca"),
        (lambda m, x, y: livecca.Moments.load("no file"), "no file: expected a file to read"),
        (lambda m, x, y: livecca.Moments(0), "features_x: expected a whole number of 1 or more"),
        (lambda m, x, y: livecca.Moments(2, 1.5), "features_y: expected a whole number"),  # type: ignore[arg-type]
        (lambda m, x, y: livecca.Moments(2, layout="hwc"), "layout: expected nc, "),
        (lambda m, x, y: livecca.Moments(2, samples="mean"), "samples: expected positions, "),
        (lambda m, x, y: livecca.Moments(2, samples="pooled"), "samples: expected a layout with"),
        (lambda m, x, y: livecca.Moments(2, seed=-1), "seed: expected a whole number of 0"),
        (lambda m, x, y: livecca.Moments(2, precision="best"), "precision: expected exact or fast"),
        (lambda m, x, y: livecca.Moments(2, standard_errors=1), "standard_errors: expected"),
    ],
)
def test_wrong_input_is_one_line_and_changes_nothing(
    random: np.random.Generator, call: Any, words: str
) -> None:
    x, y = sides(random)
    moments = fed(x, y)
    before = numbers(moments)
    assert words in error_of(lambda: call(moments, x, y))
    assert moments.samples == 900
    assert all(np.array_equal(values, before[n]) for n, values in numbers(moments).items())


def test_arrays_must_stay_of_one_shape(random: np.random.Generator) -> None:
    x, y = (random.normal(size=(20, channels, 4, 4)) for channels in (6, 3))
    moments = livecca.Moments(6, 3, layout="nchw")
    moments.update(x, y)
    words = error_of(lambda: moments.update(x[:, :, :3], y[:, :, :3]))
    assert words == (
        "x: expected 6 features on 4 x 4 positions as before, got 6 features on 3 x 4 positions"
    )
    words = error_of(lambda: livecca.Moments(6, 3, layout="nchw").update(x, y[:, :, :3]))
    assert words == (
        "y: expected the same positions of every input as in x, 4 x 4, got 3 x 4; "
        "read them pooled, or compare layers of the same size"
    )
    assert moments.samples == 320


def test_more_than_the_memory_is_refused() -> None:
    moments = livecca.Moments(3_000_000)
    assert "memory limit" in error_of(lambda: moments.update(np.zeros((2, 3_000_000), "f4")))
    assert moments.samples == 0


def changed(given: dict[str, Array], name: str, change: Any) -> dict[str, Any]:
    return {**given, name: change(given[name].copy())}


def spoiled(values: Array, value: float) -> Array:
    values[(1,) + (0,) * (values.ndim - 1)] = value
    return values


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("scatter_x", lambda s: spoiled(s, s[1, 0] + 1), "x: moments from sums: expected a symm"),
        (
            "scatter_y",
            lambda s: -s,
            "y: moments from sums: expected a diagonal of the scatter of 0",
        ),
        ("scatter_x", lambda s: s[:5], "x: scatter: expected 20 x 20 numbers"),
        ("scatter_x", lambda s: s[0], "scatter_x: expected 2 axes, got shape (20,)"),
        ("scatter_x", lambda s: s.astype("complex"), "scatter_x: expected floating-point or whole"),
        ("mean_x", lambda m: spoiled(m, np.nan), "x: moments from sums: expected a finite mean"),
        ("mean_y", lambda m: m[:3], "y: scatter: expected 3 x 3 numbers, as the means have"),
        ("product", lambda p: p.T, "x with y: product: expected 20 x 13 numbers"),
        ("product", lambda p: spoiled(p, np.inf), "x with y: moments from sums: expected a finite"),
        ("product", lambda p: None, "from_sums: expected mean_y, scatter_y and product, or none"),
    ],
)
def test_wrong_sums_are_one_line(
    random: np.random.Generator, name: str, change: Any, words: str
) -> None:
    given = sums(*sides(random))
    message = error_of(lambda: livecca.Moments.from_sums(900, **changed(given, name, change)))
    assert message.startswith(words)


def test_wrong_counts_of_sums_are_one_line(random: np.random.Generator) -> None:
    given: dict[str, Any] = sums(*sides(random))
    from_sums = livecca.Moments.from_sums
    assert "samples: expected" in error_of(lambda: from_sums(-1, **given))
    assert "weights that some rows" in error_of(lambda: from_sums(900, **given, images=901))
    assert "dtype: expected" in error_of(lambda: from_sums(900, **given, dtype="int8"))
    assert "precision: expected" in error_of(lambda: from_sums(900, **given, precision="low"))


def test_a_damaged_file_is_one_line(random: np.random.Generator, tmp_path: Path) -> None:
    path = tmp_path / "moments.safetensors"
    fed(*sides(random)).save(path)
    whole = path.read_bytes()
    for place in (3, 100, len(whole) // 2, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        assert error_of(lambda: livecca.Moments.load(path)).startswith(f"{path}: ")
    path.write_bytes(whole[:-8])
    assert error_of(lambda: livecca.Moments.load(path)).startswith(f"{path}: ")


def test_a_file_of_several_pairs_is_for_a_panel(
    random: np.random.Generator, tmp_path: Path
) -> None:
    panel = livecca.Panel(["a", "b", "c"])
    panel.save(tmp_path / "panel.safetensors")
    message = error_of(lambda: livecca.Moments.load(tmp_path / "panel.safetensors"))
    assert "got 3 layers and 3 pairs; use livecca.Panel.load" in message
