"""The figure of bottom-up convergence, of whichever network: each layer's distance to its final state by epoch."""

import pathlib
import statistics
from collections import defaultdict

import figure
from figure import plt


def draw(run, stem, room=0.15):
    """From the folders seed_* of a run; writes STEM.svg and STEM.png and prints when each layer was half of its way.

    The names of the layers get as much room, as a share of the epochs. Returns the layers, the epochs and the networks'
    distances by layer and epoch.
    """
    distances = defaultdict(list)
    floors = defaultdict(list)
    layers = []
    seeds = sorted(path for path in pathlib.Path(run).glob("seed_*") if path.is_dir())
    for seed in seeds:
        for row in figure.rows_of(seed, "measure"):
            if row["reference_kind"] != "final" or row["value"] is None:
                continue
            distances[row["layer"], row["epoch"]].append(row["value"])
            if row["noise_floor"] is not None:
                floors[row["layer"]].append(row["noise_floor"])
            if row["layer"] not in layers:
                layers.append(row["layer"])
    epochs = sorted({epoch for _, epoch in distances})
    drawing, axes = plt.subplots(figsize=(7.2, 4.4))
    colours = plt.get_cmap("viridis")
    labels = []
    for place, layer in enumerate(layers):
        colour = colours(0.82 * place / max(1, len(layers) - 1))  # the rest is too light on white
        known = [epoch for epoch in epochs if distances[layer, epoch]]
        means = [statistics.mean(distances[layer, epoch]) for epoch in known]
        spread = [statistics.stdev(distances[layer, epoch]) if len(seeds) > 1 else 0 for epoch in known]
        axes.errorbar(known, means, yerr=spread, color=colour, marker="os^Dv"[place % 5], markersize=5, capsize=2)
        if floors[layer]:
            axes.axhline(statistics.mean(floors[layer]), color=colour, **figure.FLOOR)
        labels.append((means[0], layer, colour))
    last = -0.03  # above the axis
    for height, layer, colour in sorted(labels):
        last = max(height, last + 0.055)  # none on another
        axes.text(-0.025 * epochs[-1], last, layer, ha="right", va="center", color=colour, weight="bold")
    axes.set_xlim(-room * epochs[-1], epochs[-1] * 1.03)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= epochs[-1]])
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("epoch")
    axes.set_ylabel("PWCCA distance to the final state")
    axes.set_title("How far each layer is from where it ends", loc="left", fontsize=13)
    axes.text(0, -0.2, f"Bars: standard deviation over {len(seeds)} networks. Dotted: unrelated data of this size.",
              transform=axes.transAxes, fontsize=10, color="#555555")
    figure.keep(drawing, stem)
    halved(layers, epochs, distances)
    return layers, epochs, distances


def halved(layers, epochs, distances):
    """Prints after how many epochs each layer has come half of its way, between epochs along a line."""
    for layer in layers:
        means = {epoch: statistics.mean(distances[layer, epoch]) for epoch in epochs if distances[layer, epoch]}
        known = sorted(means)
        half = means[known[0]] / 2
        for before, now in zip(known, known[1:]):
            if means[now] <= half:
                share = (means[before] - half) / (means[before] - means[now])
                print(f"{layer}: half of its way after {before + share * (now - before):.1f} epochs")
                break
