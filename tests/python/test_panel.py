"""A panel against NumPy's two passes, and what it refuses."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca
from summed import ROUNDING, Array, error_of

PAIRS = [("a", "b"), ("c", "a")]


def layers(random: np.random.Generator, rows: int = 600) -> dict[str, Array]:
    shared = random.normal(size=(rows, 4))
    return {
        name: shared @ random.normal(size=(4, width)) + random.normal(size=(rows, width)) + width
        for name, width in (("a", 12), ("b", 7), ("c", 9))
    }


def part(arrays: dict[str, Array], first: int, count: int) -> dict[str, Array]:
    return {name: array[first : first + count] for name, array in arrays.items()}


def fed(arrays: dict[str, Array], batch: int = 100, **options: Any) -> livecca.Panel:
    panel = livecca.Panel(["a", "b", "c"], PAIRS, **options)
    for first in range(0, len(arrays["a"]), batch):
        panel.update(part(arrays, first, batch))
    return panel


def expect_moments_of(panel: livecca.Panel, arrays: dict[str, Array]) -> None:
    """Every layer's and every pair's are those of these rows."""
    centred = {name: array - array.mean(axis=0) for name, array in arrays.items()}
    for x, y in [*panel.pairs, *((name, None) for name in panel.layers)]:
        moments = panel.moments(x, y)
        assert moments.samples == len(arrays[x])
        assert np.allclose(moments.mean_x, arrays[x].mean(axis=0), rtol=ROUNDING)
        expected = centred[x].T @ centred[x if y is None else y]
        got = moments.scatter_x if y is None else moments.product
        assert np.allclose(got, expected, rtol=0, atol=ROUNDING * np.abs(expected).max())


def expect_equal_bits(panel: livecca.Panel, other: livecca.Panel) -> None:
    assert (panel.layers, panel.pairs, panel.images) == (other.layers, other.pairs, other.images)
    for x, y in panel.pairs:
        moments, others = panel.moments(x, y), other.moments(x, y)
        assert moments.samples == others.samples
        for name in ("mean_x", "mean_y", "scatter_x", "scatter_y", "product"):
            assert np.array_equal(getattr(moments, name), getattr(others, name)), name


def test_all_layers_and_pairs_are_those_of_numpy(random: np.random.Generator) -> None:
    arrays = layers(random)
    panel = fed(arrays)
    assert (panel.layers, panel.pairs) == (("a", "b", "c"), (("a", "b"), ("c", "a")))
    assert panel.images == 600
    expect_moments_of(panel, arrays)
    assert repr(panel) == "<livecca.Panel of 3 layers and 2 pairs, 600 inputs>"


def test_without_pairs_each_layer_is_paired_with_each(random: np.random.Generator) -> None:
    arrays = layers(random)
    panel = livecca.Panel(arrays.keys())
    panel.update(arrays)
    assert panel.pairs == (("a", "b"), ("a", "c"), ("b", "c"))
    expect_moments_of(panel, arrays)


def test_a_comparison_is_that_of_all_rows_at_once(random: np.random.Generator) -> None:
    arrays = layers(random)
    panel = fed(arrays)
    for x, y in panel.pairs:
        got, expected = panel.compare(x, y), livecca.compare(arrays[x], arrays[y])
        assert got.status == "ok"
        # The condition of the covariances, below 100, times the rounding of the sums.
        for name, value in expected.similarity.items():
            assert got.similarity[name] == pytest.approx(value, abs=100 * ROUNDING)
        assert got.to_dict().keys() == expected.to_dict().keys()
        assert str(got).startswith(f"x  {x}\ny  {y}\n")
    chosen = panel.compare("a", "b", measures="svcca", keep_directions=3, directions=1)
    expected = livecca.compare(arrays["a"], arrays["b"], measures="svcca", keep_directions=3)
    assert chosen.similarity["svcca"] == pytest.approx(expected.similarity["svcca"], abs=1e-10)
    assert chosen.to_dict()["svcca_kept"] == [3, 3]


def test_layouts_and_samples_are_each_layers_own(random: np.random.Generator) -> None:
    images = random.normal(size=(50, 6, 5, 4))
    steps = random.normal(size=(50, 7, 3))
    turned = np.moveaxis(random.normal(size=(50, 7, 4)), 1, 0)
    dense = random.normal(size=(50, 5))
    lengths = random.integers(1, 8, size=50)
    readings: dict[str, str | tuple[str, str]] = {
        "images": ("nchw", "pooled"),
        "steps": ("ntc", "last"),
        "turned": ("tnc", "step:0"),
        "dense": "nc",
    }
    panel = livecca.Panel(readings)
    for half in (slice(0, 25), slice(25, 50)):
        batch = {
            "images": images[half],
            "steps": steps[half],
            "turned": turned[:, half],
            "dense": dense[half],
        }
        panel.update(batch, mask=lengths[half])
    rows = {
        "images": images.mean(axis=(2, 3)),
        "steps": steps[np.arange(50), lengths - 1],
        "turned": turned[0],
        "dense": dense,
    }
    expect_moments_of(panel, rows)


def test_each_layer_can_have_its_own_mask(random: np.random.Generator) -> None:
    steps = random.normal(size=(50, 7, 3))
    valid = np.arange(7) < random.integers(1, 8, size=50)[:, None]
    panel = livecca.Panel({"masked": "ntc", "whole": "ntc"}, pairs=[])
    panel.update({"masked": steps, "whole": steps}, mask={"masked": valid})
    assert panel.moments("masked").samples == valid.sum()
    assert panel.moments("whole").samples == 350


def test_a_row_that_is_not_finite_is_left_out_of_all_layers(random: np.random.Generator) -> None:
    arrays = layers(random)
    arrays["b"][17, 2] = np.nan
    panel = fed(arrays)
    assert [panel.moments(name).samples_left_out for name in "abc"] == [1, 1, 1]
    expect_moments_of(panel, {n: np.delete(array, 17, axis=0) for n, array in arrays.items()})


def test_a_merge_is_one_stream(random: np.random.Generator) -> None:
    arrays = layers(random)
    whole = livecca.Panel(["a", "b", "c"], PAIRS)
    for first in (0, 200, 400):
        whole.merge(fed(part(arrays, first, 200)))
    expect_moments_of(whole, arrays)
    assert whole.images == 600
    whole.update(part(arrays, 0, 50))
    assert whole.images == 650


@pytest.mark.parametrize("by", ["save", "pickle"])
def test_a_saved_panel_goes_on_as_if_nothing_had_happened(
    random: np.random.Generator, tmp_path: Path, by: str
) -> None:
    arrays = layers(random)
    panel = fed(part(arrays, 0, 300))
    if by == "save":
        panel.save(tmp_path / "panel.safetensors")
        again = livecca.Panel.load(tmp_path / "panel.safetensors")
    else:
        again = pickle.loads(pickle.dumps(panel))
    expect_equal_bits(again, panel)
    for one in (panel, again):
        one.update(part(arrays, 300, 300))
    expect_equal_bits(again, panel)
    expect_moments_of(again, arrays)


def test_parts_for_standard_errors_are_saved_and_merged(
    random: np.random.Generator, tmp_path: Path
) -> None:
    arrays = layers(random)
    panel = fed(arrays, batch=50, standard_errors=6)
    panel.save(tmp_path / "panel.safetensors")
    again = livecca.Panel.load(tmp_path / "panel.safetensors")
    expected = panel.compare("a", "b").standard_error
    assert expected["linear_cka"] is not None and expected["linear_cka"] > 0
    assert again.compare("a", "b").standard_error == expected
    again.merge(panel)
    assert again.compare("a", "b").standard_error["linear_cka"] is not None
    five = fed(arrays, batch=50, standard_errors=5)
    assert "expected 6 blocks or none, got 5" in error_of(lambda: again.merge(five))
    assert again.images == 1200


def test_sums_from_elsewhere_are_a_panel(random: np.random.Generator, tmp_path: Path) -> None:
    arrays = layers(random)
    centred = {name: array - array.mean(axis=0) for name, array in arrays.items()}
    given = livecca.Panel.from_sums(
        600,
        {
            name: (array.mean(axis=0), centred[name].T @ centred[name])
            for name, array in arrays.items()
        },
        {(x, y): centred[x].T @ centred[y] for x, y in PAIRS},
    )
    expect_moments_of(given, arrays)
    got, expected = given.compare("c", "a"), fed(arrays).compare("c", "a")
    assert got.similarity["pwcca"] == pytest.approx(expected.similarity["pwcca"], abs=1e-10)
    given.save(tmp_path / "given.safetensors")
    expect_equal_bits(livecca.Panel.load(tmp_path / "given.safetensors"), given)
    whole = livecca.Panel(["a", "b", "c"], PAIRS)
    whole.merge(given)
    whole.update(arrays)
    expect_moments_of(whole, {name: np.vstack([array, array]) for name, array in arrays.items()})


def test_the_programs_files_are_panels(random: np.random.Generator, tmp_path: Path) -> None:
    arrays = layers(random)
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", arrays[name])
    run = "import sys; from livecca._program import main; sys.exit(main())"
    made = ["compare", "a.npy", "b.npy", "--save-moments", "ab.safetensors"]
    subprocess.run([sys.executable, "-c", run, *made], cwd=tmp_path, check=True)
    panel = livecca.Panel.load(tmp_path / "ab.safetensors")
    assert (panel.layers, panel.pairs) == (("x", "y"), (("x", "y"),))
    assert "update: expected moments that know" in error_of(
        lambda: panel.update({"x": arrays["a"], "y": arrays["b"]})
    )
    fed(arrays).save(tmp_path / "abc.safetensors")
    solve = ["solve", "abc.safetensors", "--format", "json"]
    printed = subprocess.run(
        [sys.executable, "-c", run, *solve],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    solved = {(one["x"], one["y"]): one for one in map(json.loads, printed.splitlines())}
    assert solved.keys() == {("compare/a", "compare/b"), ("compare/c", "compare/a")}
    similarity = solved["compare/a", "compare/b"]["similarity"]
    assert similarity == dict(fed(arrays).compare("a", "b").similarity)


def make(*arguments: Any, **options: Any) -> Any:
    return lambda panel, arrays: livecca.Panel(*arguments, **options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (make([]), "layers: expected one or more names, got none"),
        (make(["a", "a"]), "layers: expected different names, got 'a' twice"),
        (make([1]), "layers: expected names, got 1"),
        (make({"a": 3}), "a: expected a layout, or a layout and samples, got 3"),
        (make({"a": "hwc"}), "layout: expected nc, "),
        (make({"a": ("nc", "last")}), "samples: expected a layout of sequences"),
        (make(["a", "b"], [("a", "z")]), "pairs: expected a layer of a, b, got 'z'"),
        (make(["a", "b"], ["ab"]), "pairs: expected two names of layers, got 'ab'"),
        (make(["a", "b"], [("a", "b")] * 2), "pairs: expected different pairs, got a with b twice"),
        (make(["a"], positions=0), "positions: expected a whole number of 1 or more"),
        (
            lambda p, a: p.update({"a": a["a"]}),
            "update: expected all layers in every batch, got no",
        ),
        (lambda p, a: p.update({**a, "z": a["a"]}), "update: expected a layer of a, b, c, got 'z'"),
        (lambda p, a: p.update({**a, "c": a["b"]}), "c: expected 9 features on 1 x 1 positions as"),
        (
            lambda p, a: p.update({**a, "c": a["c"][1:]}),
            "c: expected as many inputs as in a, 600, ",
        ),
        (lambda p, a: p.update(a, mask=a["a"]), "mask: expected a layer of layout ntc or tnc"),
        (lambda p, a: p.update(a, mask={"z": 1}), "mask: expected a layer of a, b, c, got 'z'"),
        (
            lambda p, a: p.compare("b", "a"),
            "expected a pair of the panel (a with b, c with a), got",
        ),
        (lambda p, a: p.moments("z"), "moments: expected a layer of a, b, c, got 'z'"),
        (lambda p, a: p.merge(p), "merge: expected other moments, got these"),
        (lambda p, a: p.merge(p.moments("a")), "merge: expected livecca.Panel, got Moments"),
        (
            lambda p, a: p.merge(livecca.Panel(["a", "b", "c"])),
            "merge: expected layers a, b, c and",
        ),
        (
            lambda p, a: p.merge(fed({**a, "c": a["c"][:, 1:]})),
            "merge: c: expected a merge with 9 features on 1 x 1 positions, got 8 features",
        ),
        (lambda p, a: livecca.Panel.load("no file"), "no file: expected a file to read"),
        (
            lambda p, a: livecca.Panel.from_sums(9, {"a": (np.zeros(2), np.zeros((3, 3)))}),
            "a: scatter: expected 2 x 2 numbers, as the means have, got 3 x 3",
        ),
    ],
)
def test_wrong_input_is_one_line_and_changes_nothing(
    random: np.random.Generator, call: Any, words: str
) -> None:
    arrays = layers(random)
    panel = fed(arrays)
    assert error_of(lambda: call(panel, arrays)).startswith(words)
    assert panel.images == 600
    expect_moments_of(panel, arrays)


def test_sequences_that_are_compared_need_the_same_mask(random: np.random.Generator) -> None:
    steps = random.normal(size=(20, 7, 3))
    panel = livecca.Panel({"a": "ntc", "b": "ntc"})
    one, other = np.full(20, 3), np.full(20, 4)
    for masks, got in (
        ({"a": one, "b": other}, ", 1 x 3, got 1 x 4"),
        ({"a": np.arange(20) % 4, "b": np.arange(20)[::-1] % 4}, ", got others"),
    ):
        words = error_of(lambda masks=masks: panel.update({"a": steps, "b": steps}, mask=masks))
        assert words == f"b: expected the same valid steps of every input as in a{got}"
    message = error_of(lambda: panel.update({"a": steps, "b": steps}, mask=one[1:]))
    assert message.startswith(
        "mask: expected a mask or lengths for 20 sequences of 7 steps as in a"
    )
    assert panel.images == 0
    panel.update({"a": steps, "b": steps}, mask=one)
    assert panel.moments("a", "b").samples == 60


@pytest.mark.parametrize("note", ["{", "[]", "{}", '{"layers": [{"network": 1, "name": 2}]}'])
def test_a_note_that_python_did_not_write_is_one_line(
    random: np.random.Generator, tmp_path: Path, note: str
) -> None:
    panel = livecca.Panel.from_sums(9, {"a": (np.zeros(2), np.zeros((2, 2)))})
    panel._notes["livecca.python"] = note
    panel.save(tmp_path / "panel.safetensors")
    message = error_of(lambda: livecca.Panel.load(tmp_path / "panel.safetensors"))
    assert "panel.safetensors: expected moments as Python wrote them, got others" in message
