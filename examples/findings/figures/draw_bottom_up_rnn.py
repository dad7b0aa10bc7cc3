#!/usr/bin/env python3
"""Draws what bottom_up_rnn found. Usage: draw_bottom_up_rnn.py RUN STEM; writes STEM.svg and STEM.png."""

import statistics
import sys

import bottom_up


def print_table(layers, epochs, distances):
    """The distances by epoch: which layer is nearer changes, and late distances are too small to see."""
    print(f"\n{'epoch':6}" + "".join(f"{layer:>17}" for layer in layers))
    for epoch in epochs:
        line = f"{epoch:<6}"
        for layer in layers:
            values = distances[layer, epoch]
            spread = statistics.stdev(values) if len(values) > 1 else 0
            line += f"{statistics.mean(values):8.4f} ± {spread:.4f}"
        print(line)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print_table(*bottom_up.draw(*sys.argv[1:], room=0.29))
