"""livecca.compare against NumPy's route to PWCCA: np.cov, two eigh, one svd.

Both are taken in turns, in one process, with the threads that each takes by itself.
"""

from __future__ import annotations

import argparse
import os

import numpy as np

import livecca
from measuring import in_words, interleaved


def pwcca_of_numpy(x: np.ndarray, y: np.ndarray) -> float:
    """The PWCCA distance (Morcos et al. 2018, equations 1 to 5), as it is done today."""
    width = x.shape[1]
    covariance = np.cov(x, y, rowvar=False)  # float64, whatever comes in
    xx, xy, yy = covariance[:width, :width], covariance[:width, width:], covariance[width:, width:]
    whiten_x, whiten_y = inverse_root(xx), inverse_root(yy)
    left, correlations, _ = np.linalg.svd(whiten_x @ xy @ whiten_y, full_matrices=False)
    variates = (x - x.mean(0)) @ (whiten_x @ left)
    weights = np.abs(variates.T @ (x - x.mean(0))).sum(1)
    return float(1 - weights @ correlations / weights.sum())


def inverse_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors / np.sqrt(values)) @ vectors.T


def layers(count: int, rows: int, width: int) -> list[tuple[np.ndarray, np.ndarray]]:
    chance = np.random.default_rng(1)
    made = []
    for _ in range(count):
        x = chance.standard_normal((rows, width), dtype=np.float32)
        mixing = chance.standard_normal((width, width), dtype=np.float32) / np.sqrt(width)
        noise = chance.standard_normal((rows, width), dtype=np.float32)
        made.append((x, x @ mixing.astype(np.float32) + noise))
    return made


def measure(count: int, rows: int, width: int, rounds: int) -> None:
    pairs = layers(count, rows, width)

    def by_livecca() -> list[float]:
        return [livecca.compare(x, y, measures=["pwcca"]).distance["pwcca"] for x, y in pairs]

    def by_numpy() -> list[float]:
        return [pwcca_of_numpy(x, y) for x, y in pairs]

    apart = max(abs(a - b) for a, b in zip(by_livecca(), by_numpy(), strict=True))
    ours, theirs = interleaved(rounds, by_livecca, by_numpy)
    times_faster = [b / a for a, b in zip(ours, theirs, strict=True)]
    print(
        f"{count} × ({rows:,} × {width}) float32: livecca {in_words(ours, 1e3, ' ms')}, NumPy "
        f"{in_words(theirs, 1e3, ' ms')}; livecca is {in_words(times_faster)} times as fast; "
        f"numbers agree to {apart:.0e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    print(f"NumPy {np.__version__}, {os.cpu_count()} cores")
    measure(1, 10_000, 512, options.rounds)
    measure(100, 2_560, 256, max(options.rounds // 3, 3))


if __name__ == "__main__":
    main()
