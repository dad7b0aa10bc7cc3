"""Moments against NumPy's two passes over all rows."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca
from summed import ROUNDING, error_of, expect_close, expect_equal_bits, fed, numbers, sides, sums


def test_moments_are_those_of_numpy(random: np.random.Generator) -> None:
    x, y = sides(random)
    moments = fed(x, y)
    assert (moments.samples, moments.effective_samples) == (900, 900)
    assert moments.features == (20, 13)
    expect_close(moments, sums(x, y))
    both = np.cov(x.T, y.T)
    scale = np.abs(both).max()
    assert np.allclose(moments.covariance_x, both[:20, :20], rtol=0, atol=ROUNDING * scale)
    assert np.allclose(moments.covariance_y, both[20:, 20:], rtol=0, atol=ROUNDING * scale)
    assert np.allclose(moments.cross_covariance, both[:20, 20:], rtol=0, atol=ROUNDING * scale)


def test_a_large_offset_costs_no_digits(random: np.random.Generator) -> None:
    # Whole numbers around 2^40 are exact in float64, and so are their differences.
    x, y = ((100 * side).round() for side in sides(random))
    moved = fed(x + 2.0**40, y - 2.0**40)
    expected = sums(x, y)
    for name in ("scatter_x", "scatter_y", "product"):
        scale = np.abs(expected[name]).max()
        assert np.allclose(numbers(moved)[name], expected[name], rtol=0, atol=ROUNDING * scale)


def test_what_is_read_is_a_copy(random: np.random.Generator) -> None:
    moments = fed(*sides(random))
    before = moments.scatter_x
    moments.scatter_x[:] = 0
    assert np.array_equal(moments.scatter_x, before)
    moments.update(*sides(random))
    assert not np.array_equal(moments.scatter_x, before)


def test_one_side_is_enough(random: np.random.Generator) -> None:
    x, _ = sides(random)
    moments = livecca.Moments(20)
    moments.update(x)
    assert moments.features == (20,)
    assert np.allclose(moments.covariance_x, np.cov(x.T), rtol=0, atol=1e-10)
    for call in (moments.compare, lambda: moments.mean_y, lambda: moments.product):
        assert "got those of x alone" in error_of(call)


@pytest.mark.parametrize("standard_errors", [None, 4])
def test_a_comparison_is_that_of_all_rows_at_once(
    random: np.random.Generator, standard_errors: int | None
) -> None:
    x, y = sides(random)
    moments = fed(x, y, batch=90, standard_errors=standard_errors)
    options: dict[str, Any] = {"keep_variance": 0.9, "alpha": 0.5, "directions": 2}
    got, expected = moments.compare(**options), livecca.compare(x, y, **options)
    assert got.status == expected.status == "ok"
    assert got.to_dict().keys() - {"standard_error"} == expected.to_dict().keys()
    # The condition of the covariances, below 100, times the rounding of the sums.
    for values, others in (
        (got.similarity, expected.similarity),
        (got.distance, expected.distance),
        (got.noise_floor, expected.noise_floor),
    ):
        assert values.keys() == others.keys()
        for name, value in values.items():
            assert value == pytest.approx(others[name], rel=100 * ROUNDING, abs=100 * ROUNDING)
    assert np.allclose(
        got.canonical_correlations, expected.canonical_correlations, atol=100 * ROUNDING
    )
    assert ("pwcca" in got.standard_error) == (standard_errors is not None)
    assert got.to_dict()["directions"].keys() == {"x", "y"}


def test_standard_errors_say_how_far_other_data_would_lie(random: np.random.Generator) -> None:
    loading_x, loading_y = random.normal(size=(6, 20)), random.normal(size=(6, 13))
    values, errors = [], []
    for _ in range(40):
        shared = random.normal(size=(900, 6))
        x = shared @ loading_x + random.normal(size=(900, 20))
        y = shared @ loading_y + random.normal(size=(900, 13))
        result = fed(x, y, batch=90, standard_errors=10).compare(measures="linear_cka")
        values.append(result.similarity["linear_cka"])
        errors.append(result.standard_error["linear_cka"])
    # The deviation of 40 draws is uncertain by 1/√78 = 11 %, the mean of 40 errors of 10 parts by
    # 24 % / √40 = 4 %: three times that is 36 %.
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.36)


def test_positions_are_samples_and_images_count(random: np.random.Generator) -> None:
    x, y = (random.normal(size=(40, channels, 5, 4)) for channels in (6, 3))
    rows = [np.moveaxis(side, 1, 3).reshape(-1, side.shape[1]) for side in (x, y)]
    moments = livecca.Moments(6, 3, layout="nchw")
    for first in range(0, 40, 8):
        moments.update(x[first : first + 8], y[first : first + 8])
    assert (moments.samples, moments.effective_samples) == (800, 40)
    expect_close(moments, sums(*rows))
    pooled = livecca.Moments(6, 3, layout="nchw", samples="pooled")
    pooled.update(x, y)
    expect_close(pooled, sums(x.mean(axis=(2, 3)), y.mean(axis=(2, 3))))


def test_chosen_positions_are_those_of_one_comparison(random: np.random.Generator) -> None:
    x, y = (random.normal(size=(60, channels, 5, 4)) for channels in (6, 3))
    options: dict[str, Any] = {"layout": "nchw", "positions": 3, "seed": 5}
    moments = livecca.Moments(6, 3, **options)
    for first in range(0, 60, 7):  # the choice depends on an image's number, not on its batch
        moments.update(x[first : first + 7], y[first : first + 7])
    got, expected = moments.compare(), livecca.compare(x, y, **options)
    assert got.samples == expected.samples == 180
    assert np.allclose(
        got.canonical_correlations, expected.canonical_correlations, atol=100 * ROUNDING
    )


@pytest.mark.parametrize("as_lengths", [False, True])
def test_masks_leave_steps_out(random: np.random.Generator, as_lengths: bool) -> None:
    x, y = (random.normal(size=(60, 7, features)) for features in (5, 4))
    lengths = random.integers(2, 8, size=60)
    valid = np.arange(7) < lengths[:, None]
    x[~valid] = np.nan  # never read
    moments = livecca.Moments(5, 4, layout="ntc")
    for half in (slice(0, 30), slice(30, 60)):
        mask = lengths[half] if as_lengths else valid[half]
        moments.update(x[half], y[half], mask=mask)
    assert (moments.samples, moments.samples_left_out) == (valid.sum(), 0)
    expect_close(moments, sums(x[valid], y[valid]))


def test_rows_that_are_not_finite_are_left_out_of_both_sides(random: np.random.Generator) -> None:
    x, y = sides(random)
    x[3, 4], y[500, 0] = np.nan, np.inf
    moments = fed(x, y)
    finite = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    assert (moments.samples, moments.samples_left_out) == (898, 2)
    expect_close(moments, sums(x[finite], y[finite]))


def test_types_and_strides_are_read_as_their_values(random: np.random.Generator) -> None:
    x, y = (side.round() for side in sides(random))
    expected = sums(x, y)
    for kind in ("float16", "float32", "int8", ">f8"):
        expect_close(fed(x.astype(kind), y.astype(kind)), expected)
    expect_close(fed(np.asfortranarray(x), y[::-1][::-1]), expected)


def test_wide_sides_are_cut(random: np.random.Generator) -> None:
    x, y = sides(random)
    moments = fed(x, y, max_features=15)
    assert moments.features == (15, 13)
    got, expected = moments.compare(), livecca.compare(x, y, max_features=15)
    assert got.to_dict()["features_of_taps"] == [20, 13]
    assert np.allclose(
        got.canonical_correlations, expected.canonical_correlations, atol=100 * ROUNDING
    )


def test_a_merge_is_one_stream(random: np.random.Generator) -> None:
    x, y = sides(random)
    parts = [fed(x[i : i + 300], y[i : i + 300]) for i in (0, 300, 600)]
    others = parts[2].samples, numbers(parts[2])
    first = livecca.Moments(20, 13)
    for part in parts:
        first.merge(part)
    assert first.samples == 900
    expect_close(first, sums(x, y))
    assert others[0] == parts[2].samples
    assert all(np.array_equal(values, others[1][n]) for n, values in numbers(parts[2]).items())
    first.update(x[:50], y[:50])  # and goes on
    expect_close(first, sums(np.vstack([x, x[:50]]), np.vstack([y, y[:50]])))


@pytest.mark.parametrize("by", ["save", "pickle", "copy"])
def test_saved_moments_go_on_as_if_nothing_had_happened(
    random: np.random.Generator, tmp_path: Path, by: str
) -> None:
    x, y = (random.normal(size=(60, channels, 5, 4)) for channels in (6, 3))
    moments = livecca.Moments(6, 3, layout="nchw", positions=3, seed=5)
    moments.update(x[:25], y[:25])
    if by == "save":
        moments.save(tmp_path / "moments.safetensors")
        again = livecca.Moments.load(str(tmp_path / "moments.safetensors"))
    else:
        again = pickle.loads(pickle.dumps(moments)) if by == "pickle" else copy.deepcopy(moments)
    expect_equal_bits(again, moments)
    assert again.compare().to_dict() == moments.compare().to_dict()
    for one in (moments, again):
        one.update(x[25:], y[25:])
    expect_equal_bits(again, moments)
    assert repr(again) == repr(moments) == "<livecca.Moments of 6 and 3 features, 180 samples>"


def test_moments_without_samples(tmp_path: Path) -> None:
    moments = livecca.Moments(4, 2, standard_errors=3)
    assert (moments.samples, moments.features) == (0, (4, 2))
    assert moments.compare().status == "missing"
    assert "expected moments that hold samples" in error_of(lambda: moments.mean_x)
    moments.save(tmp_path / "none.safetensors")
    again = livecca.Moments.load(tmp_path / "none.safetensors")
    assert again.features == (4, 2)
    again.merge(moments)
    again.update(np.ones((1, 4)), np.ones((1, 2)))
    assert (again.samples, moments.samples) == (1, 0)
    assert "two or more samples" in error_of(lambda: again.covariance_x)


def test_sums_from_elsewhere_are_moments(random: np.random.Generator, tmp_path: Path) -> None:
    x, y = sides(random)
    given = livecca.Moments.from_sums(900, **sums(x, y))
    for name, values in sums(x, y).items():
        if name.startswith("scatter"):  # of the two triangles one is kept
            values = np.tril(values) + np.tril(values, -1).T
        assert np.array_equal(numbers(given)[name], values), name
    got, expected = given.compare(), fed(x, y).compare()
    assert (got.samples, got.status) == (900, "ok")
    for name in ("mean_cca", "pwcca", "linear_cka"):
        assert got.similarity[name] == pytest.approx(expected.similarity[name], rel=100 * ROUNDING)
    assert got.similarity["linear_cka_debiased"] is None
    given.save(tmp_path / "given.safetensors")
    expect_equal_bits(livecca.Moments.load(tmp_path / "given.safetensors"), given)
    assert "merge() these into them" in error_of(lambda: given.update(x, y))
    going_on = fed(x, y)
    going_on.merge(given)
    expect_close(going_on, sums(np.vstack([x, x]), np.vstack([y, y])))
    other = livecca.Moments.from_sums(900, **sums(x, y))
    other.merge(given)
    expect_close(other, sums(np.vstack([x, x]), np.vstack([y, y])))


def test_sums_of_positions_count_as_images(random: np.random.Generator) -> None:
    x, y = sides(random)
    given = livecca.Moments.from_sums(900, **sums(x, y), images=30)
    assert (given.samples, given.effective_samples) == (900, 30)
    assert given.compare().status == "undersampled"


def test_ranks_allow_for_the_rounding_of_the_activations(random: np.random.Generator) -> None:
    x, y = sides(random)
    x[:, 0] = x[:, 1] + 1e-4 * random.normal(size=900)  # less than bfloat16 tells apart
    given: dict[str, Any] = sums(x, y)
    for dtype, rank in ((None, 20), ("float32", 20), ("bfloat16", 19)):
        moments = livecca.Moments.from_sums(900, **given, dtype=dtype)
        assert moments.compare().ranks == (rank, 13), dtype


def program(folder: Path, *arguments: str) -> str:
    run = "import sys; from livecca._program import main; sys.exit(main())"
    command = [sys.executable, "-c", run, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_files_are_those_of_the_program(random: np.random.Generator, tmp_path: Path) -> None:
    x, y = sides(random)
    fed(x, y).save(tmp_path / "python.safetensors")
    solved = json.loads(program(tmp_path, "solve", "python.safetensors", "--format", "json"))
    assert solved["similarity"] == dict(fed(x, y).compare().similarity)
    for name, side in (("x", x), ("y", y)):
        np.save(tmp_path / f"{name}.npy", side)
    saved = ["compare", "x.npy", "y.npy", "--save-moments", "program.safetensors"]
    program(tmp_path, *saved)
    read = livecca.Moments.load(tmp_path / "program.safetensors")
    expect_close(read, sums(x, y))
    assert "x.npy" in str(read.compare())
    assert "update: expected moments that know" in error_of(lambda: read.update(x, y))
    new = livecca.Moments(20, 13)
    new.merge(read)
    new.update(x, y)
    assert new.samples == 1800


def test_threads_wait_for_each_other(random: np.random.Generator) -> None:
    x, y = sides(random)
    moments = livecca.Moments(20, 13)

    def feed(first: int) -> None:
        for start in range(first, 900, 300):
            moments.update(x[start : start + 100], y[start : start + 100])
            assert moments.scatter_x.shape == (20, 20)

    threads = [threading.Thread(target=feed, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert moments.samples == 900
    expect_close(moments, sums(x, y))
