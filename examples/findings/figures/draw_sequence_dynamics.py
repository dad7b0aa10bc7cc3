#!/usr/bin/env python3
"""Draws what sequence_dynamics found. Usage: draw_sequence_dynamics.py RUN STEM; writes STEM.svg and STEM.png."""

import itertools
import pathlib
import statistics
import sys
from collections import defaultdict

import figure
from figure import plt

KINDS = {"text": "#0072B2", "shuffled": "#D55E00", "repeated": "#009E73"}
MARKERS = {"text": "o", "shuffled": "s", "repeated": "^"}


class Distances:
    """Of every step to every step of its kind, by epoch and network."""

    def __init__(self, run):
        self.values = defaultdict(list)
        self.floors = []
        seeds = sorted(path for path in pathlib.Path(run).glob("seed_*") if path.is_dir())
        self.networks = len(seeds)
        for seed, kind in itertools.product(seeds, KINDS):
            for row in figure.rows_of(seed / kind, "measure"):
                if row["reference"] != "itself" or row["value"] is None:
                    continue
                step, other = (int(row[side].removeprefix("step_")) for side in ("layer", "reference_layer"))
                self.values[row["epoch"], kind, step, other].append(row["value"])
                if row["noise_floor"] is not None:
                    self.floors.append(row["noise_floor"])
        self.steps = max(step for _, _, step, _ in self.values)
        self.trained = max(epoch for epoch, _, _, _ in self.values)
        self.turn = int(figure.rows_of(seeds[0] / "repeated", "run")[0]["notes"]["repeated_after"])

    def mean(self, epoch, kind, step, other):
        return statistics.mean(self.values[epoch, kind, step, other])

    def spread(self, epoch, kind, step, other):
        values = self.values[epoch, kind, step, other]
        return statistics.stdev(values) if len(values) > 1 else 0

    def apart(self, epoch, kind, shift):
        """The mean distance of steps so far apart, without the first turn, of each network."""
        firsts = range(self.turn + 1, self.steps - shift + 1)
        rows = [self.values[epoch, kind, step, step + shift] for step in firsts]
        return [statistics.mean(column) for column in zip(*rows)]


def draw_maps(drawing, areas, distances):
    steps = distances.steps
    for column, kind in enumerate(KINDS):
        place = drawing.add_subplot(areas[column])
        grid = [[distances.mean(distances.trained, kind, step, other) for other in range(1, steps + 1)] for step in range(1, steps + 1)]
        image = place.imshow(grid, vmin=0, vmax=1, cmap="viridis", extent=(0.5, steps + 0.5, steps + 0.5, 0.5))
        place.set_title(kind, color=KINDS[kind], weight="bold")
        place.grid(False)
        place.set_xlabel("step")
        if column == 0:
            place.set_ylabel("step")
        else:
            place.set_yticklabels([])
    bar = drawing.add_subplot(areas[len(KINDS)])
    bar.grid(False)
    drawing.colorbar(image, cax=bar).set_label("PWCCA distance")


def draw_curves(axes, distances):
    last = distances.steps
    steps = range(1, last)
    for kind, colour in KINDS.items():
        for epoch, style in ((distances.trained, {"marker": MARKERS[kind], "markersize": 4.5, "capsize": 2}), (0, {"linestyle": "--", "linewidth": 1.2})):
            means = [distances.mean(epoch, kind, step, last) for step in steps]
            spread = [distances.spread(epoch, kind, step, last) for step in steps]
            axes.errorbar(steps, means, yerr=spread if epoch else None, color=colour, label=kind if epoch else None, **style)
    axes.axhline(statistics.mean(distances.floors), color="#000000", **figure.FLOOR)
    axes.set_ylim(0, 1.05)
    axes.set_xlim(0.5, last)
    axes.set_xlabel("step")
    axes.set_ylabel(f"distance to step {last}")
    handles = [container[0] for container in axes.get_legend_handles_labels()[0]]
    axes.legend(handles, KINDS, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(KINDS), frameon=False)


def print_table(distances):
    last, turn = distances.steps, distances.turn

    def cell(values):
        spread = statistics.stdev(values) if len(values) > 1 else 0
        return f"{statistics.mean(values):9.3f} ± {spread:.3f}"

    for epoch in (distances.trained, 0):
        print(f"{f'after {epoch} epochs' if epoch else 'before training':24}" + "".join(f"{kind:>17}" for kind in KINDS))
        for step in (1, last - turn, last - 1):
            values = "".join(cell(distances.values[epoch, kind, step, last]) for kind in KINDS)
            print(f"{f'step {step} to step {last}':24}{values}")
        for shift in (1, turn - 1, turn):
            print(f"{f'{shift} apart':24}" + "".join(cell(distances.apart(epoch, kind, shift)) for kind in KINDS))
        print()
    print(f"unrelated data of this size: {statistics.mean(distances.floors):.3f}")


def main(run, stem):
    distances = Distances(run)
    drawing = plt.figure(figsize=(8.6, 7.4))
    rows = drawing.add_gridspec(2, 1, height_ratios=(1, 1.15), hspace=0.38)
    draw_maps(drawing, rows[0].subgridspec(1, 4, width_ratios=(1, 1, 1, 0.06), wspace=0.12), distances)
    curves = drawing.add_subplot(rows[1])
    draw_curves(curves, distances)
    curves.text(0, -0.33, f"Maps: after training. Dashed: before. Bars: standard deviation over {distances.networks} networks.\n"
                "Dotted: unrelated data of this size.", transform=curves.transAxes, fontsize=11, color="#555555")
    figure.keep(drawing, stem)
    print_table(distances)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
