#!/usr/bin/env python3
"""Draws what memorizing_cnn found. Usage: draw_memorizing_cnn.py RUN STEM; writes STEM.svg and STEM.png."""

import pathlib
import sys

import figure
from bands import Bands, error_of, print_table, text_of
from figure import plt

# Of a pair of groups: what it is called, and how it is drawn.
LINES = (
    (("generalizing", "generalizing"), "generalizing", "#0072B2", "o", "-"),
    (("memorizing", "memorizing"), "memorizing", "#D55E00", "s", "-"),
    (("generalizing", "memorizing"), "between them", "#000000", "^", "--"),
)
PANELS = (("test_images", "on test images"), ("training_images", "on images they were trained on"))


def band_of(bands, layer, groups):
    return bands.within(layer, groups[0]) if groups[0] == groups[1] else bands.between(layer, *groups)


def main(run, stem):
    drawing, panels = plt.subplots(1, 2, figsize=(9.6, 4.4), sharey=True, layout="constrained")
    for axes, (name, title) in zip(panels, PANELS):
        bands = Bands(pathlib.Path(run) / f"bands_{name}.json")
        places = range(len(bands.layers))
        rows = []
        for (groups, label, colour, marker, style), shift in zip(LINES, (-0.06, 0.06, 0)):
            found = [band_of(bands, layer, groups) for layer in bands.layers]
            axes.errorbar([place + shift for place in places], [band["mean"] for band in found],
                          yerr=[error_of(band) for band in found], label=label, color=colour, marker=marker,
                          linestyle=style, capsize=3)
            floors = [band["noise_floor"] for band in found]
            if None not in floors and groups == LINES[-1][0]:
                axes.plot(places, floors, color="#555555", **figure.FLOOR, label="unrelated data")
            rows.append([text_of(band) for band in found])
        axes.set_xticks(list(places), bands.layers)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("layer, from the input to the output")
        axes.set_title(title, loc="left", fontsize=12)
        print(f"PWCCA distance {title}, mean ± standard error over networks")
        print_table(["layer", *(label for _, label, *_ in LINES)],
                    [[layer, *(row[place] for row in rows)] for place, layer in enumerate(bands.layers)])
        print()
    panels[0].set_ylabel("PWCCA distance")
    panels[1].legend(frameon=False, loc=(0, 0.61), fontsize=10)
    drawing.get_layout_engine().set(wspace=0.06)
    drawing.suptitle("How far networks of a kind are from each other. Bars: standard error over networks", x=0.01,
                     ha="left", fontsize=12)
    figure.keep(drawing, stem)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
