"""compare() against NumPy's own route, and what it takes and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import livecca

Array = NDArray[Any]


def canonical_correlations(x: Array, y: Array) -> Array:
    """By orthonormal bases of the centred activations, without covariances."""
    bases = [np.linalg.qr(side - side.mean(axis=0))[0] for side in (x, y)]
    return np.asarray(np.linalg.svd(bases[0].T @ bases[1], compute_uv=False))


def sides(random: np.random.Generator, rows: int = 900) -> tuple[Array, Array]:
    shared = random.normal(size=(rows, 6))
    x = shared @ random.normal(size=(6, 20)) + random.normal(size=(rows, 20))
    y = shared @ random.normal(size=(6, 13)) + random.normal(size=(rows, 13))
    return x, y


def test_mean_cca_and_cka_are_those_of_numpy(random: np.random.Generator) -> None:
    x, y = sides(random)
    result = livecca.compare(x, y)
    rho = canonical_correlations(x, y)
    assert np.allclose(result.canonical_correlations, rho, atol=1e-12)
    assert result.similarity["mean_cca"] == pytest.approx(rho.mean(), abs=1e-12)
    xc, yc = x - x.mean(axis=0), y - y.mean(axis=0)
    cka = np.linalg.norm(xc.T @ yc) ** 2 / (np.linalg.norm(xc.T @ xc) * np.linalg.norm(yc.T @ yc))
    assert result.similarity["linear_cka"] == pytest.approx(cka, abs=1e-12)
    assert (result.samples, result.features, result.status) == (900, (20, 13), "ok")


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "uint16", "int64", ">f4"]
)
def test_types_are_read_as_their_values(random: np.random.Generator, dtype: str) -> None:
    x, y = ((5 * side).round() for side in sides(random))
    expected = livecca.compare(x, y)
    if dtype.startswith("u"):
        x, y = x - x.min(), y - y.min()
    got = livecca.compare(x.astype(dtype), y.astype(dtype))
    # Whole numbers are the same in every type, and so are centred sums of them up to rounding.
    assert np.allclose(got.canonical_correlations, expected.canonical_correlations, atol=1e-9)


def test_strides_are_followed(random: np.random.Generator) -> None:
    x, y = sides(random)
    wide = np.zeros((x.shape[0] * 2, x.shape[1] * 3))
    wide[::2, ::3] = x
    expected = livecca.compare(x, y).to_dict()
    for view in (wide[::2, ::3], np.asfortranarray(x), x[::-1][::-1], np.ascontiguousarray(x.T).T):
        assert livecca.compare(view, y).to_dict() == expected


def test_unrelated_arrays_are_told(random: np.random.Generator) -> None:
    x, noise = (random.normal(size=(80, features)) for features in (6, 4))
    unrelated = livecca.compare(x, noise)
    assert 0.001 < unrelated.p_value["pwcca"] < 1  # type: ignore[operator]
    assert 0.001 < unrelated.p_value["angular"] < 1  # type: ignore[operator]
    assert 1 < unrelated.noise_floor["angular"] < 1.5  # type: ignore[operator]
    assert "p-value" in str(unrelated)
    related = livecca.compare(x, x[:, :4] + noise, measures="pwcca")
    assert related.p_value["pwcca"] < 1e-6  # type: ignore[operator]
    assert related.samples_needed["pwcca"] is None
    few = livecca.compare(x[:5], noise[:5], measures="mean_cca")
    assert few.p_value["mean_cca"] == 1
    assert few.samples_needed["mean_cca"] == 60  # ten for each of six features


def test_layouts_are_axes(random: np.random.Generator) -> None:
    x, y = (random.normal(size=(40, 5, 4, channels)) for channels in (6, 3))
    expected = livecca.compare(x.reshape(-1, 6), y.reshape(-1, 3))
    got = livecca.compare(x, y, layout="nhwc")
    assert np.allclose(got.canonical_correlations, expected.canonical_correlations, atol=1e-12)
    assert got.effective_samples == 40  # images, not positions
    first = livecca.compare(np.moveaxis(x, 3, 1), np.moveaxis(y, 3, 1), layout="nchw")
    assert np.allclose(first.canonical_correlations, got.canonical_correlations, atol=1e-12)
    pooled = livecca.compare(x, y, layout="nhwc", samples="pooled")
    means = livecca.compare(x.mean(axis=(1, 2)), y.mean(axis=(1, 2)))
    assert np.allclose(pooled.canonical_correlations, means.canonical_correlations, atol=1e-12)


@pytest.mark.parametrize("as_lengths", [False, True])
def test_masks_leave_steps_out(random: np.random.Generator, as_lengths: bool) -> None:
    x, y = (random.normal(size=(60, 7, features)) for features in (5, 4))
    lengths = random.integers(2, 8, size=60)
    valid = np.arange(7) < lengths[:, None]
    x[~valid] = np.nan  # never read
    got = livecca.compare(x, y, layout="ntc", mask=lengths if as_lengths else valid)
    expected = livecca.compare(x[valid], y[valid])
    assert got.samples == valid.sum()
    assert np.allclose(got.canonical_correlations, expected.canonical_correlations, atol=1e-12)


def test_a_result_prints_and_is_the_programs_json(
    random: np.random.Generator, tmp_path: Any
) -> None:
    x, y = sides(random)
    for name, side in (("x", x), ("y", y)):
        np.save(tmp_path / f"{name}.npy", side)
    result = livecca.compare(x, y, measures=["pwcca", "linear_cka"], standard_errors=10)
    run = "import sys; from livecca._program import main; sys.exit(main())"
    options = "--measures pwcca,linear_cka --standard-errors 10 --format json"
    command = [sys.executable, "-c", run, "compare", "x.npy", "y.npy", *options.split()]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(printed.stdout) == result.to_dict()
    table = str(result)
    assert "pwcca" in table and "noise floor" in table and "status ok" in table
    html = result._repr_html_()
    assert html.count("<tr>") == 3 and "pwcca" in html
    assert "pwcca=" in repr(result)
    with pytest.raises(AttributeError):
        result.status = "better"  # type: ignore[misc]
    with pytest.raises(TypeError):
        result.distance["pwcca"] = 0.0  # type: ignore[index]


def test_what_the_data_are_like_is_a_status(random: np.random.Generator) -> None:
    x, y = sides(random, rows=25)
    assert livecca.compare(x, y).status == "undersampled"
    x[3, 4] = np.nan
    assert livecca.compare(x, y).samples_left_out == 1


class Unreadable:
    """An array on a device that cannot be copied by itself."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0

    def __dlpack__(self, **_: Any) -> Any:
        raise BufferError("not here")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, y: livecca.compare(x, y[:10]), "as many samples in both arrays"),
        (lambda x, y: livecca.compare(x, y, layout="hwc"), "layout: expected nc, "),
        (lambda x, y: livecca.compare(x, y, samples="mean"), "samples: expected positions, "),
        (lambda x, y: livecca.compare(x, y, samples="step"), "samples: expected 'step:T'"),
        (lambda x, y: livecca.compare(x, y, samples="pooled"), "samples: expected"),
        (
            lambda x, y: livecca.compare(x, y, measures=["cca"]),
            "measures: expected some of mean_cca",
        ),
        (lambda x, y: livecca.compare(x[:, :, None], y), "x: expected 2 axes"),
        (lambda x, y: livecca.compare(x + 1j, y), "x: expected floating-point or whole numbers"),
        (lambda x, y: livecca.compare(x, "text"), "y: expected floating-point or whole numbers"),
        (lambda x, y: livecca.compare(x[:0], y[:0]), "x: expected axes that are not empty"),
        (lambda x, y: livecca.compare(x, y, mask=x), "mask: expected layout=ntc or tnc"),
        (lambda x, y: livecca.compare(x, y, positions=0), "positions: expected a whole number"),
        (lambda x, y: livecca.compare(x, y, alpha=2), "alpha: expected a number from 0 to 1"),
        (
            lambda x, y: livecca.compare(x, y, precision="double"),
            "precision: expected exact or fast",
        ),
        (lambda x, y: livecca.compare(Unreadable(), y), "x: expected an array in the CPU's memory"),
    ],
)
def test_wrong_input_is_one_line(random: np.random.Generator, call: Any, words: str) -> None:
    with pytest.raises(livecca.Error) as error:
        call(*sides(random))
    message = str(error.value)
    assert words in message and "\n" not in message and "--" not in message


def test_the_lock_is_released_meanwhile(random: np.random.Generator) -> None:
    import threading

    x, y = (random.normal(size=(20000, 200)) for _ in range(2))
    counted = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.wait(0.001):
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted
        livecca.compare(x, y, measures="mean_cca")
        during = counted - before
    finally:
        stop.set()
        thread.join()
    assert during > 3  # with the lock held it could not have counted at all


def test_import_is_light() -> None:
    code = "import sys, livecca; print('torch' in sys.modules, 'pandas' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == ["False", "False"]


def test_rows_that_come_again_count_once(random: np.random.Generator) -> None:
    x, y = (random.normal(size=(20, features)) for features in (6, 4))
    order = random.permutation(np.repeat(np.arange(20), 100))
    repeated = livecca.compare(x[order], y[order])
    assert (repeated.samples, repeated.effective_samples) == (2000, 20)
    assert repeated.status == "undersampled"
    assert repeated.noise_floor["mean_cca"] == livecca.compare(x, y).noise_floor["mean_cca"]
    assert "samples   2000, of which 20 differ, which are the effective samples" in str(repeated)
    assert livecca.compare(random.normal(size=(2000, 6)), y[order]).effective_samples == 2000
