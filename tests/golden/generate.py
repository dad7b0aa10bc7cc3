#!/usr/bin/env python3
"""Writes cases/: small .npy files and cases.json with what livecca must compute from them.

Needs numpy only. The expected values come from another road than livecca's: no covariance is formed.
Mean in extended precision, exactly constant columns set to 0, columns equilibrated, rank and column
space of each side from an SVD of the data, canonical correlations from an SVD of the product of the two
orthonormal bases. The schema is that of golden.json, with three additions: "layout",
"effective_samples" where it differs from the rows, and "independent_samples", which floors count.

    python3 generate.py
"""

import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "cases"
TOLERANCE = 1e-10


def centered(rows):
    """Columns less their mean; exactly constant columns become exactly 0."""
    rows = rows.astype(np.longdouble)
    result = rows - rows.mean(axis=0)
    result[:, (rows == rows[0]).all(axis=0)] = 0
    return result.astype(np.float64)


def basis(columns):
    """An orthonormal basis of the column space, and its dimension."""
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    rank = int((values > 1e-7 * values[0]).sum())
    return left[:, :rank], rank


def equilibrated(columns):
    norms = np.linalg.norm(columns, axis=0)
    return columns[:, norms > 0] / norms[norms > 0]


def correlations(x, y):
    """Canonical correlations of two orthonormal bases, and the canonical variates of both sides."""
    left, rho, right = np.linalg.svd(x.T @ y, full_matrices=False)
    return np.clip(rho, 0, 1), x @ left, y @ right.T


def weights(variates, columns):
    """Morcos, Raghu, Bengio 2018, equation 2, with the neurons in their own units."""
    alpha = np.abs(variates.T @ columns).sum(axis=1)
    return alpha / alpha.sum()


def truncated(columns, share=None, count=None):
    """SVCCA: the leading principal directions that reach the share, or a given number of them."""
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    rank = int((values > 1e-7 * values[0]).sum())
    if count is None:
        reached = np.cumsum(values**2) / (values**2).sum()
        margin = np.abs(reached - share).min()
        assert margin > 1e-6, "the share is reached too narrowly to be a fair test"
        count = int((reached < share).sum()) + 1
    return left[:, : min(count, rank)]


def svcca(x, y, **keep):
    kept_x, kept_y = truncated(x, **keep), truncated(y, **keep)
    rho = correlations(kept_x, kept_y)[0]
    return {"mean": rho.mean(), "k1": kept_x.shape[1], "k2": kept_y.shape[1]}


def floor(p, q, samples):
    """Mean canonical correlation of independent data (Wachter 1980), where p + q < samples - 1."""
    p, q, freedom = min(p, q), max(p, q), samples - 1
    assert p + q < freedom
    a = np.sqrt(p / freedom * (1 - q / freedom))
    b = np.sqrt(q / freedom * (1 - p / freedom))
    lower, upper = (a - b) ** 2, (a + b) ** 2
    # Gauss-Chebyshev of the second kind takes the square roots at both ends into its weights.
    nodes = 200000
    angle = np.pi * np.arange(1, nodes + 1) / (nodes + 1)
    place = (upper + lower) / 2 + (upper - lower) / 2 * np.cos(angle)
    mass = np.pi / (nodes + 1) * np.sin(angle) ** 2 * ((upper - lower) / 2) ** 2
    return float((mass / (2 * np.pi * p / freedom * np.sqrt(place) * (1 - place))).sum())


def common(basis_x, basis_y, images):
    """C_x[p, q] · C_y[p, q], each from half of the images: the means for one position, and for two."""
    halves = []
    for side in (basis_x, basis_y):
        rows = side.reshape(images, -1, side.shape[1])
        means = [rows[h::2].mean(0) for h in (0, 1)]
        of_means = means[0] @ means[1].T
        square = (rows**2).sum(2).mean()
        products = [np.einsum("ipk,iqk->ipq", rows[h::2], rows[h::2]).mean(0) / square for h in (0, 1)]
        halves.append([(p, p - (of_means + of_means.T) / 2 / square) for p in products])
    (x_even, x_odd), (y_even, y_odd) = halves
    one = x_even[0] * y_odd[0] + x_odd[0] * y_even[0]
    two = x_even[1] * y_odd[1] + x_odd[1] * y_even[1]
    return one.diagonal().mean() / 2, two[np.tril_indices_from(two, -1)].mean() / 2


def independent_samples(basis_x, basis_y, images):
    positions = len(basis_x) // images
    if positions == 1:
        return images
    one, two = common(basis_x, basis_y, images)
    samples = images * positions / (max(1, one) + (positions - 1) * 1.05 * max(0, two))
    return max(images, min(samples, images * positions))


def expected(x, y, images):
    x, y = centered(x), centered(y)
    basis_x, rank_x = basis(equilibrated(x))
    basis_y, rank_y = basis(equilibrated(y))
    rho, variates_x, variates_y = correlations(basis_x, basis_y)
    alpha_x, alpha_y = weights(variates_x, x), weights(variates_y, y)
    cross = np.linalg.norm(x.T @ y) ** 2
    independent = independent_samples(basis_x, basis_y, images)
    return {
        "n": len(x),
        "rank1": rank_x,
        "rank2": rank_y,
        "rho": rho.tolist(),
        "mean_cca": rho.mean(),
        "pwcca_x": float(alpha_x @ rho),
        "pwcca_y": float(alpha_y @ rho),
        "pwcca_alpha_x": alpha_x.tolist(),
        "svcca99": svcca(x, y, share=0.99),
        "svcca20": svcca(x, y, count=20),
        "linear_cka": cross / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y),
        "independent_samples": independent,
        "null": {"mean_rho": floor(rank_x, rank_y, independent)},
    }


def related(seed, samples, features_x, features_y, latents=4):
    random = np.random.default_rng(seed)
    z = random.standard_normal((samples, latents))
    sides = []
    for features in (features_x, features_y):
        noise = random.standard_normal((samples, features))
        sides.append(z @ random.standard_normal((latents, features)) + noise)
    return sides


def with_images(rows, images, seed):
    """Images × 2 × 3 × features, each with a number of its own in all positions."""
    own = np.random.default_rng(seed).standard_normal((images, 1, rows.shape[1]))
    return (rows.reshape(images, -1, rows.shape[1]) + 2 * own).reshape(images, 2, 3, -1)


def rows_of(array):
    """Positions as samples; float64 of what is stored, exactly."""
    return np.asarray(array, dtype=np.float64).reshape(-1, array.shape[-1])


def case(name, note, x, y, layout="nc"):
    result = {"note": note, "layout": layout, "abs_tol": TOLERANCE}
    for side, array in (("x", x), ("y", y)):
        result[side] = f"{name}_{side}.npy"
        np.save(FOLDER / result[side], array)
    result["effective_samples"] = len(x)
    result["expected"] = expected(rows_of(x), rows_of(y), len(x))
    return name, result


def all_cases():
    x, y = related(1, 200, 8, 6)
    yield case("float64", "plain", x, y)
    x, y = related(2, 240, 6, 9)
    yield case("float16", "the stored halves are exact", x.astype("<f2"), y.astype("<f2"))
    x, y = related(3, 240, 6, 6)
    yield case("int16", "integers", (x * 1000).astype("<i2"), (y * 1000).astype(">i2"))
    x, y = related(4, 200, 7, 5)
    yield case("fortran", "Fortran order, float32", np.asfortranarray(x.astype("<f4")), np.asfortranarray(y))
    x, y = related(5, 200, 5, 7)
    yield case("big_endian", "the other byte order", x.astype(">f8"), np.asfortranarray(y.astype(">f4")))
    x, y = related(6, 80 * 6, 4, 5)
    yield case("nhwc", "positions as samples", x.reshape(80, 2, 3, 4).astype("<f4"), y.reshape(80, 2, 3, 5), "nhwc")
    x, y = (with_images(side, 80, seed) for side, seed in zip(related(11, 80 * 6, 4, 5), (110, 111)))
    yield case("dependent", "positions of an image have much in common", x, y, "nhwc")
    x, y = related(7, 240, 4, 8)
    mixed = x @ np.random.default_rng(70).standard_normal((4, 9))
    yield case("rank_deficient", "x has rank 4 of 9", mixed, y)
    x, y = related(8, 200, 7, 5)
    x[:, 2], y[:, 0] = 0.1, -7.0
    yield case("constant_neuron", "a dead neuron on each side", x, y)
    x, y = related(9, 200, 6, 6)
    yield case("offset", "neurons on an offset of 1e6", x + 1e6, y - 1e6)
    x, y = related(10, 200, 6, 6)
    yield case("scales", "neuron scales from 1e-6 to 1e6", x * np.logspace(-6, 6, 6), y)


def main():
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.npy"):
        old.unlink()
    text = json.dumps({"schema": 1, "cases": dict(all_cases())}, indent=1)
    (FOLDER / "cases.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
