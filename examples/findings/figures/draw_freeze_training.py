#!/usr/bin/env python3
"""Draws what freeze_training found. Usage: draw_freeze_training.py RUN STEM; writes STEM.svg and STEM.png."""

import pathlib
import statistics
import sys
from collections import defaultdict

import figure
from figure import plt

# In the order of the legend: name of the runs, text, colour, marker.
WAYS = [
    ("none", "no freezing", "#000000", "s"),
    ("schedule", "fixed schedule", "#D55E00", "^"),
    ("settled", "when settled (within 0.05)", "#0072B2", "o"),
    ("settled_0.1", "when settled (within 0.1)", "#009E73", "D"),
    ("first_run", "when settled in a first run", "#CC79A7", "v"),
]


def numbers_of(run):
    """What each network logged last, by way and seed."""
    found = defaultdict(dict)
    for folder in sorted(path for path in pathlib.Path(run).iterdir() if path.is_dir()):
        way, seed = folder.name.rsplit("_seed_", 1)
        found[way][int(seed)] = {row["name"]: row["value"] for row in figure.rows_of(folder, "log")}
    return found


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else 0


def main(run, stem):
    found = numbers_of(run)
    drawing, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), width_ratios=(1.25, 1))
    for way, text, colour, marker in WAYS:
        networks = found[way].values()
        saved = [100 * network["backward_saved"] for network in networks]
        accuracy = [100 * network["test_accuracy"] for network in networks]
        left.errorbar(statistics.mean(saved), statistics.mean(accuracy), xerr=spread(saved), yerr=spread(accuracy),
                      color=colour, marker=marker, markersize=9, capsize=3, linestyle="none", label=text)
        left.scatter(saved, accuracy, color=colour, marker=marker, s=26, alpha=0.6, linewidths=0)
    left.set_xlim(left=-3)
    left.set_xlabel("backward computation saved (%)")
    left.set_ylabel("test accuracy (%)")
    left.set_title("What freezing saves, and what it costs", loc="left", fontsize=13)
    handles, texts = left.get_legend_handles_labels()
    drawing.legend(handles, texts, loc="lower center", ncols=3, fontsize=11, frameon=False, bbox_to_anchor=(0.5, -0.12),
                   handletextpad=0.2, columnspacing=1.2)
    draw_times(right, found)
    networks = len(found["none"])
    drawing.text(0.5, -0.16, f"Bars: standard deviation over {networks} networks. Small marks on the left: each network.",
                 ha="center", fontsize=10, color="#555555")
    drawing.tight_layout()
    figure.keep(drawing, stem)
    print_ways(found)


def draw_times(axes, found):
    """When each layer was frozen. Above a mark: in how many networks, where not in all."""
    layers = ["conv1", "conv2", "conv3", "conv4"]
    for shift, (way, _, colour, marker) in zip((0.27, 0.09, -0.09, -0.27), WAYS[1:]):
        for height, layer in enumerate(layers):
            name = f"{layer}_frozen_at_epoch"
            times = [network[name] for network in found[way].values() if name in network]
            if not times:
                continue
            axes.errorbar(statistics.mean(times), height + shift, xerr=spread(times), color=colour, marker=marker,
                          markersize=7, capsize=3)
            if len(times) < len(found[way]):
                axes.annotate(f"{len(times)} of {len(found[way])}", (statistics.mean(times), height + shift),
                              xytext=(0, 6), textcoords="offset points", ha="center", fontsize=9, color=colour)
    axes.set_yticks(range(len(layers)), layers)
    axes.set_ylim(-0.5, len(layers) - 0.4)
    axes.set_xlim(left=0)
    axes.set_xlabel("epoch")
    axes.set_title("When each layer was frozen", loc="left", fontsize=13)


def print_ways(found):
    print(f"{'mean ± deviation':<28}{'test accuracy':>16}{'points below none':>20}{'backward saved':>18}{'processor':>14}")
    for way, text, _, _ in WAYS:
        networks = found[way]
        accuracy = [100 * network["test_accuracy"] for network in networks.values()]
        lost = [100 * (found["none"][seed]["test_accuracy"] - network["test_accuracy"]) for seed, network in networks.items()]
        saved = [100 * network["backward_saved"] for network in networks.values()]
        seconds = [network["processor_seconds"] for network in networks.values()]
        print(f"{text:<28}{statistics.mean(accuracy):>8.1f} ± {spread(accuracy):.1f} %"
              f"{statistics.mean(lost):>13.1f} ± {spread(lost):.1f}{statistics.mean(saved):>10.1f} ± {spread(saved):.1f} %"
              f"{statistics.mean(seconds):>12.0f} s")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
