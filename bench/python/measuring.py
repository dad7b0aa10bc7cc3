"""Medians of interleaved measurements, and how sure they are."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, in seconds of the clock on the wall."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def interleaved(rounds: int, *works: Callable[[], object]) -> list[list[float]]:
    """Runs each in turn, in an order that turns around each round: their seconds, one list each."""
    taken: list[list[float]] = [[] for _ in works]
    for turn in range(rounds):
        order = list(range(len(works)))
        for which in order if turn % 2 == 0 else reversed(order):
            taken[which].append(seconds(works[which]))
    return taken


def median_with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The median and the interval that holds it at 95 %, by resampling."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(2000))
    return statistics.median(values), medians[50], medians[1949]


def in_words(values: Sequence[float], scale: float = 1.0, unit: str = "") -> str:
    """ "1.02 (0.99 to 1.05)"."""
    middle, low, high = (scale * value for value in median_with_interval(values))
    return f"{middle:.3g}{unit} (95 %: {low:.3g} to {high:.3g})"
