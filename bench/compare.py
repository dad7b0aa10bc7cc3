#!/usr/bin/env python3
"""Compares two results of Google Benchmark: which benchmarks became faster or slower.

Usage: compare.py BEFORE.json AFTER.json. Times are medians of the repetitions. "noise" is how far
repetitions lie apart: a change that is not larger says nothing.
"""

import json
import statistics
import sys


def times(path):
    found = {}
    with open(path) as file:
        for run in json.load(file)["benchmarks"]:
            if run.get("run_type", "iteration") == "iteration" and not run.get("error_occurred"):
                found.setdefault(run["run_name"], []).append(run["real_time"])
    return found


def spread(values):
    return (max(values) - min(values)) / statistics.median(values) if len(values) > 1 else 0.0


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    before, after = (times(path) for path in sys.argv[1:])
    width = max((len(name) for name in before), default=0)
    for name in before:
        if name not in after:
            continue
        ratio = statistics.median(before[name]) / statistics.median(after[name])
        noise = max(spread(before[name]), spread(after[name]))
        print(f"{name:{width}}  {ratio:6.2f} × as fast   noise {100 * noise:3.0f} %")
    for name in sorted(before.keys() ^ after.keys()):
        print(f"{name:{width}}  only in {'the first' if name in before else 'the second'} file")


if __name__ == "__main__":
    main()
