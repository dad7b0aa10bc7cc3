#!/usr/bin/env python3
"""Draws what class_structure found. Usage: draw_class_structure.py RUN STEM; writes STEM.svg and STEM.png."""

import itertools
import pathlib
import statistics
import sys
from collections import defaultdict

import figure
from figure import plt

# Two pairs of classes that look alike. The others are grey.
PAIRS = [("automobile", "truck"), ("cat", "dog")]
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
    drawing, panels = plt.subplots(1, len(shown), figsize=(8.6, 3.9), sharey=True)
    for axes, epoch in zip(panels, shown):
        for name in classes:
            values = [explained[name, layer, epoch] for layer in layers]
            means = [100 * statistics.mean(value) for value in values]
            if name in MARKED:
                colour, marker = MARKED[name]
                axes.errorbar(range(len(layers)), means, yerr=[100 * spread(value) for value in values], color=colour,
                              marker=marker, markersize=5, capsize=2, zorder=3)
            else:
                axes.plot(range(len(layers)), means, color="#b0b0b0", linewidth=1.3, zorder=2)
        axes.axhline(0, color="#555555", linewidth=1, dashes=(1, 2))
        axes.set_xticks(range(len(layers)), layers, fontsize=10)
        axes.set_title("before training" if epoch == 0 else f"after epoch {epoch}", loc="left", fontsize=13)
    name_lines(panels[-1], {name: 100 * statistics.mean(explained[name, layers[-1], last]) for name in classes}, len(layers))
    panels[0].set_ylabel("share of the class explained (%)")
    networks = max(len(values) for values in explained.values())
    drawing.text(0.5, -0.03, f"Bars: standard deviation over {networks} networks. Dotted: unrelated data.", ha="center",
                 fontsize=10, color="#555555")
    drawing.tight_layout()
    figure.keep(drawing, stem)
    print_layers(explained, classes, layers, shown)
    print_classes(explained, classes, layers, last)
    print_pairs(explained, classes, layers, last)


def name_lines(axes, ends, layers):
    """Writes each class at the end of its line, none on another."""
    bottom, top = axes.get_ylim()
    height = bottom
    for name in sorted(ends, key=ends.get):
        height = max(ends[name], height + 0.062 * (top - bottom))
        axes.annotate(name, (layers - 1, ends[name]), xytext=(layers - 0.6, height), va="center", fontsize=11,
                      annotation_clip=False, color=MARKED.get(name, ("#666666",))[0],
                      weight="bold" if name in MARKED else "normal",
                      arrowprops={"arrowstyle": "-", "color": "#c8c8c8", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 4})


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
    """Each class at the end, and which layer first explains a part of what the last layer does at the end."""
    print(f"\n{'epoch ' + str(last):<12}" + "".join(f"{layer:>7}" for layer in layers)
          + "   first to have 1/2 of fc's end, and 3/4")
    ends = {name: statistics.mean(explained[name, layers[-1], last]) for name in classes}
    for name in sorted(classes, key=ends.get, reverse=True):
        line = f"{name:<12}"
        for layer in layers:
            line += f"{100 * statistics.mean(explained[name, layer, last]):>7.1f}"
        parts = [first_with(explained, name, layers, last, part * ends[name]) for part in (0.5, 0.75)]
        print(f"{line}   {parts[0]:<21}{parts[1]}")


def first_with(explained, name, layers, last, share):
    """The first epoch at which a layer explains this share of a class, and the lowest layer that does so then."""
    for epoch in range(last + 1):
        for layer in layers:
            if statistics.mean(explained[name, layer, epoch]) >= share:
                return f"{layer}, epoch {epoch}"
    return "none"


def print_pairs(explained, classes, layers, last):
    """How far the lines of two classes are from each other: the mean over layers."""
    apart = {
        pair: statistics.mean(abs(statistics.mean(explained[pair[0], layer, last]) - statistics.mean(explained[pair[1], layer, last]))
                              for layer in layers)
        for pair in itertools.combinations(classes, 2)
    }
    print(f"\nlines of two classes, epoch {last}: {100 * statistics.mean(apart.values()):.1f} points apart, the mean of {len(apart)} pairs")
    for pair in PAIRS:
        if pair in apart:
            nearer = sum(other < apart[pair] for other in apart.values())
            print(f"{pair[0]} and {pair[1]}: {100 * apart[pair]:.1f} points; {nearer} pairs are nearer")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
