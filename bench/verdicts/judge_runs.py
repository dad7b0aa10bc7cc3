"""How often the verdicts of finished runs came true: the table of docs/verdicts.md.

Reads the runs of make_runs.py: the verdict rows that livecca wrote, and the distances of each
snapshot to each other, which the runs have because they compare with all snapshots before.
"""

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import livecca

TOLERANCE = 0.05
# The alarms that a planted fault may cause.
EXPECTED_ALARMS = {
    "diverging": {"exploding", "dead"},
    "growing": {"exploding", "dead"},
    "dying": {"dead"},
    "collapse": {"collapsing"},
}
SLACK = 2  # snapshots after the earliest moment at which "settled" was true for good


@dataclass
class Layer:
    """A layer of a run: de-biased distances, snapshot × snapshot, and what was said of it."""

    distances: np.ndarray
    words: list[str]
    intervals: list  # (low, high) of the remaining distance, or None


@dataclass
class Counts:
    claims: int = 0
    held: int = 0
    ended: int = 0
    in_time: int = 0
    layers: int = 0
    flips: int = 0
    intervals: int = 0
    covered: int = 0
    alarms: int = 0
    settlings: int = 0
    settlings_held: int = 0

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def rate_changes(rates):
    """Epochs at which the learning rate jumps: no forecast can know of it.

    The rule is is_jump() of lib/verdicts/learning_rate.hpp: a fall from less than a twentieth of
    the largest rate is the end of a cosine.
    """
    changes = set()
    largest = 0.0
    for epoch in sorted(rates):
        before = rates.get(epoch - 1)
        largest = max(largest, rates[epoch])
        if before is None:
            continue
        falls = rates[epoch] < before / 3 and before > largest / 20
        if rates[epoch] > 1.5 * before or falls:
            changes.add(epoch)
    return changes


def layers_of(run):
    distances = defaultdict(dict)
    floors = {}
    for row in run.of(livecca.MeasureRow):
        if row.stream != "probe" or row.measure != "pwcca_distance" or row.value is None:
            continue
        if row.reference.startswith("before-"):
            earlier = row.epoch - int(row.reference.removeprefix("before-"))
            distances[row.layer][row.epoch, earlier] = row.value
            floors[row.layer] = row.noise_floor
    snapshots = 1 + max(epoch for pairs in distances.values() for epoch, _ in pairs)
    layers = {}
    for name, pairs in distances.items():
        matrix = np.zeros((snapshots, snapshots))
        for (epoch, earlier), value in pairs.items():
            matrix[epoch, earlier] = matrix[earlier, epoch] = min(1.0, value / floors[name])
        layers[name] = Layer(matrix, ["undecided"] * snapshots, [None] * snapshots)
    alarms = []
    for row in run.of(livecca.VerdictRow):
        if row.verdict in ("moving", "wandering", "settled", "undecided"):
            if not row.reference:
                layers[row.layer].words[row.epoch] = row.verdict
                if row.remaining is not None:
                    interval = (row.remaining_low, row.remaining_high)
                    layers[row.layer].intervals[row.epoch] = interval
        else:
            alarms.append(row)
    return layers, alarms


def flips_of(words, changes):
    """How often a verdict that was left comes back, but for those at a change of the rate."""
    seen = []
    flips = 0
    for epoch, word in enumerate(words):
        if word == "undecided" or (seen and seen[-1] == word):
            continue
        flips += word in seen and epoch not in changes
        seen.append(word)
    return flips


def judge(layer, changes):
    distances, last = layer.distances, len(layer.words) - 1
    true_for_good = last
    while true_for_good > 0 and distances[true_for_good - 1, last] <= TOLERANCE:
        true_for_good -= 1
    # As VerdictRecord::last_overtaken() does: up to a jump that finds the layer not at its end yet.
    away = (jump - 1 for jump in changes if distances[jump - 1, last] > TOLERANCE)
    overtaken = max(away, default=-1)
    counts = Counts(layers=1, flips=flips_of(layer.words, changes))
    for epoch in range(last):
        stop = min((change for change in changes if change > epoch), default=last + 1)
        ended_near = distances[epoch, last] <= TOLERANCE
        if layer.words[epoch] == "settled":
            counts.claims += 1
            counts.held += bool(ended_near or distances[epoch, epoch:stop].max() <= TOLERANCE)
        if layer.intervals[epoch] is not None and epoch > overtaken:
            low, high = layer.intervals[epoch]
            counts.intervals += 1
            counts.covered += bool(low <= distances[epoch, last] <= high)
    if true_for_good <= last - SLACK - 1:
        counts.ended = 1
        # Nothing is said before the seventh snapshot.
        counts.in_time = layer.words[min(max(true_for_good, 4) + SLACK, last)] == "settled"
    return counts


def judge_planted(name, facts, alarms):
    """How many epochs after it was planted a fault was found; None if it was not."""
    began = facts["epochs"] // 3
    expected = EXPECTED_ALARMS[facts["planted"]]
    found = [row for row in alarms if row.verdict in expected and row.epoch >= began]
    early = [row for row in alarms if row.epoch < began]
    words = f"{found[0].verdict} {found[0].epoch - began} epochs after" if found else "not found"
    print(f"{name:24} planted at epoch {began}: {words}, alarms before {len(early)}")
    return found[0].epoch - began if found else None


def held_by_chance(runs):
    """Where the share of "settled" that held lies in 95 % of the draws of as many runs."""
    numbers = np.array([(counts.held, counts.claims) for counts in runs])
    drawn = np.random.default_rng(1).integers(len(runs), size=(10_000, len(runs)))
    held, claims = numbers[drawn].sum(axis=1).T
    low, high = np.quantile(held / np.maximum(1, claims), (0.025, 0.975))
    return f"{low:.1%} to {high:.1%}"


def print_by_schedule(runs):
    print("\nschedule   runs  held                    in time           intervals")
    for schedule in sorted({schedule for schedule, _ in runs}):
        counts = Counts()
        of_schedule = [found for name, found in runs if name == schedule]
        for found in of_schedule:
            counts.add(found)
        print(
            f"{schedule:10} {len(of_schedule):4}  {share(counts.held, counts.claims):22}  "
            f"{share(counts.in_time, counts.ended):16}  {share(counts.covered, counts.intervals)}"
        )


def share(part, whole):
    return f"{part} of {whole}" + (f" ({part / whole:.1%})" if whole else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+")
    options = parser.parse_args()
    total = Counts()
    planted = []
    runs = []  # the schedule of each healthy one, and its counts
    seconds = 0.0
    for facts_file in sorted(options.folder.glob("*/made.json")):
        facts = json.loads(facts_file.read_text())
        if options.seeds and facts["seed"] not in options.seeds:
            continue
        run = livecca.read_run(facts_file.parent, spectra=False)
        layers, alarms = layers_of(run)
        seconds += facts["seconds"]
        if facts["planted"]:
            planted.append(judge_planted(facts_file.parent.name, facts, alarms))
            continue
        rates = {
            row.epoch: row.value for row in run.of(livecca.LogRow) if row.name == "learning_rate"
        }
        changes = rate_changes(rates)
        counts = Counts(alarms=len(alarms))
        for row in run.of(livecca.VerdictRecordRow):
            if not row.layer:  # all together
                counts.settlings += row.settling_epochs
                counts.settlings_held += row.settling_epochs_held
        for layer in layers.values():
            counts.add(judge(layer, changes))
        total.add(counts)
        runs.append((facts["schedule"], counts))
        print(
            f"{facts_file.parent.name:24} held {share(counts.held, counts.claims):20} in time "
            f"{counts.in_time} of {counts.ended}, flips {counts.flips}, alarms {len(alarms)}"
        )
    print_by_schedule(runs)
    found = [after for after in planted if after is not None]
    print(f"""
{len(runs)} healthy runs, {total.layers} layers; all runs took {seconds:.0f} s of one core
"settled" held: {share(total.held, total.claims)}; had other such runs been made, \
{held_by_chance([counts for _, counts in runs])}
settled in the end, and told within {SLACK} snapshots: {share(total.in_time, total.ended)}
flips a layer: {total.flips / max(1, total.layers):.2f}
intervals of the remaining distance that covered: {share(total.covered, total.intervals)}
intervals of the epoch of settling that covered: {share(total.settlings_held, total.settlings)}
false alarms: {total.alarms}; planted faults found: {len(found)} of {len(planted)},
at most {max(found, default=0)} epochs later""")


if __name__ == "__main__":
    sys.exit(main())
