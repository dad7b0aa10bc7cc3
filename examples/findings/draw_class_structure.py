#!/usr/bin/env python3
"""Draws what class_structure found. Usage: draw_class_structure.py RUN STEM; writes STEM.svg and STEM.png."""

import pathlib
import statistics
import sys
from collections import defaultdict

import figure
from figure import plt

# Two pairs of classes that look alike; the others are grey.
MARKED = {
    "automobile": ("#D55E00", "o"),
    "truck": ("#E69F00", "s"),
    "cat": ("#0072B2", "^"),
    "dog": ("#56B4E9", "D"),
}


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else 0


def adjusted(row):
    """What is explained beyond what unrelated data of this size would: 0 is chance, 1 is all."""
    return (row["value"] - row["noise_floor"]) / (1 - row["noise_floor"])


def explained_in(run):
    """By class, layer and epoch, a value for each network; and the layers from the input upwards."""
    explained = defaultdict(list)
    layers = []
    for seed in sorted(path for path in pathlib.Path(run).glob("seed_*") if path.is_dir()):
        for row in figure.rows_of(seed, "measure"):
            if row["value"] is None:
                continue
            explained[row["reference_layer"], row["layer"], row["epoch"]].append(adjusted(row))
            if row["layer"] not in layers:
                layers.append(row["layer"])
    return explained, layers


def main(run, stem):
    explained, layers = explained_in(run)
    classes = sorted({name for name, _, _ in explained})
    last = max(epoch for _, _, epoch in explained)
    shown = sorted({0, min(1, last), last})
    drawing, panels = plt.subplots(1, len(shown), figsize=(10.5, 4.4), sharey=True)
    for axes, epoch in zip(panels, shown):
        for name in classes:
            values = [explained[name, layer, epoch] for layer in layers]
            means = [100 * statistics.mean(value) for value in values]
            if name in MARKED:
                colour, marker = MARKED[name]
                axes.errorbar(range(len(layers)), means, yerr=[100 * spread(value) for value in values], color=colour,
                              marker=marker, markersize=5, capsize=2, zorder=3, label=name)
            else:
                axes.plot(range(len(layers)), means, color="#b0b0b0", linewidth=1.3, zorder=2)
        axes.axhline(0, color="#555555", linewidth=1, dashes=(1, 2))
        axes.set_xticks(range(len(layers)), layers)
        axes.set_title("before training" if epoch == 0 else f"after epoch {epoch}", loc="left", fontsize=13)
    panels[0].plot([], [], color="#b0b0b0", label="other classes")
    panels[0].legend(loc="upper left", fontsize=11, frameon=False)
    panels[0].set_ylabel("share of the class explained (%)")
    networks = max(len(values) for values in explained.values())
    drawing.text(0.5, -0.03, f"Bars: standard deviation over {networks} networks. Dotted: unrelated data.", ha="center",
                 fontsize=10, color="#555555")
    drawing.tight_layout()
    figure.keep(drawing, stem)
    print_layers(explained, classes, layers, shown)
    print_classes(explained, classes, layers, last)


def print_layers(explained, classes, layers, shown):
    """The mean over classes, by layer and epoch."""
    print("share explained, in % (0: chance), mean of all classes ± deviation over networks")
    print(f"{'':<16}" + "".join(f"{layer:>13}" for layer in layers))
    for epoch in shown:
        line = f"{'epoch ' + str(epoch):<16}"
        for layer in layers:
            networks = [100 * statistics.mean(network)
                        for network in zip(*(explained[name, layer, epoch] for name in classes))]
            line += f"{statistics.mean(networks):>7.1f} ± {spread(networks):<3.1f}"
        print(line)


def print_classes(explained, classes, layers, last):
    """Each class at the end, and the first epoch and the lowest layer then that explain half of what the last layer does at the end."""
    print(f"\n{'epoch ' + str(last):<16}" + "".join(f"{layer:>8}" for layer in layers) + "   half of it is first in")
    ends = {name: statistics.mean(explained[name, layers[-1], last]) for name in classes}
    for name in sorted(classes, key=ends.get, reverse=True):
        line = f"{name:<16}"
        for layer in layers:
            line += f"{100 * statistics.mean(explained[name, layer, last]):>8.1f}"
        print(line + "   " + first_half(explained, name, layers, last, ends[name] / 2))


def first_half(explained, name, layers, last, half):
    for epoch in range(last + 1):
        for layer in layers:
            if statistics.mean(explained[name, layer, epoch]) >= half:
                return f"{layer}, epoch {epoch}"
    return "none"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
