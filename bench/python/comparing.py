"""livecca.compare against NumPy's route to PWCCA: np.cov, two eigh, one svd.

Both are taken in turns, in one process, with the threads that each takes by itself.
"""

from __future__ import annotations

import argparse
import os

import numpy as np

import livecca
from measuring import in_words, interleaved
from numpy_route import pwcca_similarity


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
        return [1 - pwcca_similarity(x, y) for x, y in pairs]

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
