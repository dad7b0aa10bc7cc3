#!/usr/bin/env python3
"""Draws what learning_rates_cnn found. Usage: draw_learning_rates_cnn.py RUN STEM; writes STEM.svg and STEM.png."""

import pathlib
import statistics
import string
import sys

import clusters
import figure
from bands import Matrix, print_table
from figure import plt

LAYER = "conv4"
CUT = 0.7  # of the height at which all are joined: below it are the clusters that are named


def test_accuracy(run, name):
    """In percent."""
    lines = (pathlib.Path(run) / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return 100 * dict((key, float(value)) for key, value in map(str.split, lines))["test_accuracy"]


def rate_of(name):
    return name.split("_")[1]


def seed_of(name):
    return int(name.split("_")[3])


def main(run, stem):
    matrix = Matrix(pathlib.Path(run) / "distances.jsonl", LAYER)
    names, distances = matrix.names, matrix.distances
    accuracies = [test_accuracy(run, name) for name in names]
    tree = clusters.join_all(distances)
    clusters.set_places(tree)
    order = tree.members
    found = clusters.cut(tree, CUT * tree.height)
    drawing, (left, middle, right) = plt.subplots(
        1, 3, figsize=(9.6, max(5.4, 1.6 + 0.2 * len(order))), width_ratios=(1, 2.6, 1), layout="constrained")
    draw_dendrogram(left, tree, len(order))
    draw_matrix(drawing, middle, names, order, distances, matrix.floor, found)
    right.barh(range(len(order)), [accuracies[i] for i in order], color="#56B4E9", height=0.7)
    right.set_xlabel("test accuracy, %")
    right.set_yticks([])
    right.set_ylim(len(order) - 0.5, -0.5)
    drawing.suptitle(f"One network under many learning rates: PWCCA distances of {LAYER}", x=0.01, ha="left",
                     fontsize=13)
    figure.keep(drawing, stem)
    print_clusters(names, distances, accuracies, found)
    for name in matrix.left_out:
        print(f"without a distance in {LAYER}: {name}, test accuracy {test_accuracy(run, name):.1f} %")


def draw_dendrogram(axes, tree, count):
    clusters.draw_tree(axes, tree, "#333333")
    axes.axvline(CUT * tree.height, color="#D55E00", linewidth=1.2, dashes=(3, 2))
    axes.set_xlim(tree.height * 1.05, 0)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlabel("mean distance\nof the parts")
    axes.grid(False)
    axes.spines["left"].set_visible(False)


def draw_matrix(drawing, axes, names, order, distances, floor, found):
    size = len(order)
    shown = axes.imshow([[distances[i][j] for j in order] for i in order], cmap="viridis_r", vmin=0, aspect="auto")
    letters = dict(zip(sorted({seed_of(name) for name in names}), string.ascii_uppercase))
    labels = [f"{rate_of(names[i])}  {letters[seed_of(names[i])]}" for i in order]
    axes.set_yticks(range(size), labels, fontsize=10)
    if size <= 30:
        axes.set_xticks(range(size), [rate_of(names[i]) for i in order], fontsize=10, rotation=90)
        axes.set_xlabel("learning rate at the start (letters: initial weights)")
    else:  # the rows' names are enough
        axes.set_xticks([])
        axes.set_xlabel("the same networks (learning rate, and letters: initial weights)")
    axes.grid(False)
    first = 0
    for cluster in found:
        count = len(cluster.members)
        axes.add_patch(plt.Rectangle((first - 0.5, first - 0.5), count, count, fill=False, edgecolor="#D55E00",
                                     linewidth=2))
        first += count
    bar = drawing.colorbar(shown, ax=axes, label="PWCCA distance" + (" (line: unrelated data)" if floor else ""), pad=0.02)
    if floor:
        shown.set_clim(0, max(floor * 1.03, shown.get_clim()[1]))
        bar.ax.axhline(floor, color="#D55E00", linewidth=2)


def print_clusters(names, distances, accuracies, found):
    print(f"Clusters in {LAYER}, cut at {CUT} of the height at which all are joined")
    rows = []
    for place, cluster in enumerate(found):
        members = cluster.members
        pairs = [distances[i][j] for i in members for j in members if i < j]
        others = [distances[i][j] for i in members for j in range(len(names)) if j not in members]
        accuracy = [accuracies[i] for i in members]
        spread = f" ± {statistics.stdev(accuracy):.1f}" if len(members) > 1 else ""
        rates = sorted({rate_of(names[i]) for i in members}, key=float)
        rows.append([str(place + 1), str(len(members)), rates[0] if len(rates) == 1 else f"{rates[0]} to {rates[-1]}",
                     f"{statistics.mean(pairs):.3f}" if pairs else "", f"{statistics.mean(others):.3f}" if others else "",
                     f"{statistics.mean(accuracy):.1f}{spread}"])
    print_table(["cluster", "networks", "learning rates", "distance within", "to others", "test accuracy, %"], rows)
    large = [(place + 1, cluster) for place, cluster in enumerate(found) if len(cluster.members) > 2]
    for place, (number, cluster) in enumerate(large):
        for other_number, other in large[place + 1:]:
            print(f"between clusters {number} and {other_number}: {clusters.mean_distance(distances, cluster, other):.3f}")



if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
