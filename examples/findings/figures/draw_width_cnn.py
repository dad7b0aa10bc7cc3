#!/usr/bin/env python3
"""Draws what width_cnn found. Usage: draw_width_cnn.py RUN STEM; writes STEM.svg and STEM.png."""

import pathlib
import sys

import figure
from bands import Bands, error_of, print_table, text_of
from figure import plt


def main(run, stem):
    bands = Bands(pathlib.Path(run) / "bands.json")
    widths = [int(group.removeprefix("width_")) for group in bands.groups]
    drawing, axes = plt.subplots(figsize=(7.2, 4.6))
    colours = plt.get_cmap("viridis")
    ends = []
    for place, layer in enumerate(bands.layers):
        colour = colours(0.82 * place / max(1, len(bands.layers) - 1))  # the rest is too light on white
        found = [bands.within(layer, group) for group in bands.groups]
        axes.errorbar(widths, [band["mean"] for band in found], yerr=[error_of(band) for band in found], color=colour,
                      marker="os^Dv"[place % 5], capsize=3)
        floors = [band["noise_floor"] for band in found]
        if None not in floors:
            axes.plot(widths, floors, color=colour, **figure.FLOOR)
        ends.append((found[-1]["mean"], layer, colour))
    last = -1
    for height, layer, colour in sorted(ends):
        last = max(height, last + 0.055)  # none on another
        axes.annotate(layer, (widths[-1], last), xytext=(10, 0), textcoords="offset points", va="center", color=colour,
                      weight="bold")
    axes.set_xscale("log", base=2)
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("channels of the first two convolutions (the next two have twice as many)")
    axes.set_ylabel("PWCCA distance")
    axes.set_title("How far networks of the same width are from each other", loc="left", fontsize=13)
    count = bands.within(bands.layers[0], bands.groups[0])["networks"]
    axes.text(0, -0.2, f"Bars: standard error over {count} networks. Dotted: unrelated data of this size.",
              transform=axes.transAxes, fontsize=10, color="#555555")
    figure.keep(drawing, stem)
    print("PWCCA distance within a width, mean ± standard error over networks")
    print_table(["layer", *(f"width {width}" for width in widths)],
                [[layer, *(text_of(bands.within(layer, group)) for group in bands.groups)] for layer in bands.layers])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
