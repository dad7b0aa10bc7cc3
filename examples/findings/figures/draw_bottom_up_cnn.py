#!/usr/bin/env python3
"""Draws what bottom_up_cnn found. Usage: draw_bottom_up_cnn.py RUN STEM; writes STEM.svg and STEM.png."""

import sys

import bottom_up

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    bottom_up.draw(*sys.argv[1:])
