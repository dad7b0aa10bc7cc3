#!/usr/bin/env python3
"""Draws what signal_and_noise found. Usage: draw_signal_and_noise.py RUN STEM; writes STEM.svg and STEM.png."""

import statistics
import sys
from collections import defaultdict

import figure
from figure import plt

LEFT = 1e-4  # where no noise stands on a logarithmic axis


def main(run, stem):
    values = defaultdict(list)
    floors = defaultdict(list)
    for row in figure.rows_of(run, "measure"):
        noise = float(row["layer"].removeprefix("noise_"))
        name = row["measure"].removesuffix("_distance")
        values[name, noise].append(1 - row["value"])
        floors[name, noise].append(1 - row["noise_floor"])
    levels = sorted({noise for _, noise in values})
    x = [noise or LEFT for noise in levels]
    drawing, axes = plt.subplots(figsize=(7.2, 4.4))
    axes.plot(x, [1 / (1 + noise) for noise in levels], color=figure.COLOURS["truth"], dashes=(4, 3), linewidth=1.5)
    axes.annotate("in truth", (x[-1], 1 / (1 + levels[-1])), xytext=(8, 0), textcoords="offset points", va="center")
    for name, marker in (("pwcca", "o"), ("svcca", "s"), ("mean_cca", "^")):
        means = [statistics.mean(values[name, noise]) for noise in levels]
        spread = [statistics.stdev(values[name, noise]) for noise in levels]
        colour = figure.COLOURS[name]
        axes.errorbar(x, means, yerr=spread, color=colour, marker=marker, capsize=3)
        axes.plot(x, [statistics.mean(floors[name, noise]) for noise in levels], color=colour, **figure.FLOOR)
    for name, at, offset in (("pwcca", 0.01, (10, 8)), ("svcca", 0.003, (8, 6)), ("mean_cca", 0.001, (0, 10))):
        axes.annotate(
            figure.NAMES[name],
            (at, statistics.mean(values[name, at])),
            xytext=offset,
            textcoords="offset points",
            color=figure.COLOURS[name],
            weight="bold",
        )
    axes.set_xscale("log")
    axes.set_xticks([LEFT, 1e-3, 1e-2, 1e-1], ["none", "0.001", "0.01", "0.1"])
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("variance of the noise in each direction (the signal's directions have 1)")
    axes.set_ylabel("similarity")
    axes.set_title("Two layers that share a signal, in growing noise", loc="left", fontsize=13)
    draws = len(values["pwcca", levels[0]])
    axes.text(0, -0.2, f"Bars: standard deviation over {draws} draws. Dotted: unrelated data of this size.",
              transform=axes.transAxes, fontsize=10, color="#555555")
    figure.keep(drawing, stem)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
