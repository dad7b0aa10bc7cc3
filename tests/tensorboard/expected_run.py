"""What TensorBoard must show of a run, by its rows.jsonl and docs/tensorboard.md alone."""

import collections
import html
import json
import math
import pathlib
import re

import numpy as np

BINS = 20
OVERHEAD = ("share", "observe_seconds", "wait_seconds", "reference_seconds", "accumulate_seconds", "solve_seconds",
            "training_seconds", "train_steps_observed", "train_steps_dropped", "lines_lost")


def part(name, special="%~/"):
    if not name:
        return "%empty"
    escaped = lambda c: ord(c) < 0x20 or ord(c) == 0x7F or c in special
    return "".join(f"%{ord(c):02X}" if escaped(c) else c for c in name)


FLOOR = "noise floor"


def folder(name):
    """Of a layer: '/' makes folders in folders, and nothing leads elsewhere."""
    parts = [part(each) for each in name.split("/")]
    is_odd = lambda p: p[0] == "." or p == FLOOR or p.startswith("events.out.tfevents.")
    return "/".join(f"%{ord(p[0]):02X}{p[1:]}" if is_odd(p) else p for p in parts)


def group(stream, what):
    return ("train: " if stream == "train" else "") + part(what)


class Parts:
    """Which part of its curve a number is in: numbers that are no trend together are lines of their own."""

    def __init__(self):
        self.begun = collections.defaultdict(list)  # curve → the first row of each part
        self.last = collections.defaultdict(int)

    def ending_of(self, curve, row):
        begun = self.begun[curve]
        if row["value"] is not None:
            alike = [i for i, first in enumerate(begun) if self._are_alike(first, row)]
            if self.last[curve] not in alike:
                self.last[curve] = alike[0] if alike else len(begun)
            if not alike:
                begun.append(row)
        return "" if self.last[curve] == 0 else f"~~{self.last[curve] + 1}"

    @staticmethod
    def _are_alike(one, other):
        if any(one[field] != other[field] for field in ("features", "modes")):
            return False
        less, more = sorted(row["effective_samples"] for row in (one, other))
        floors = one["noise_floor"], other["noise_floor"]
        has_same_floor = None not in floors and abs(floors[0] - floors[1]) <= 0.005
        return has_same_floor or less == more or more - less < 0.1 * more


class Steps:
    """The step of each row: its own, or the next free one where a snapshot's is taken."""

    def __init__(self, axis):
        self.axis = axis
        self.last = None
        self.snapshot = None
        self.rows = set()

    def of(self, row):
        place = (row["epoch"], row["step"])
        key = tuple(str(row.get(f)) for f in ("kind", "network", "layer", "reference", "reference_layer", "measure"))
        if place != self.snapshot or key in self.rows:
            wanted = row[self.axis]
            self.last = wanted if self.last is None else max(wanted, self.last + 1)
            self.snapshot = place
            self.rows = set()
        self.rows.add(key)
        return self.last


class ExpectedRun:
    def __init__(self, folder, axis="step"):
        self.folder = pathlib.Path(folder)
        self.scalars = collections.defaultdict(lambda: collections.defaultdict(dict))  # TensorBoard's run, tag, step
        self.histograms = collections.defaultdict(lambda: collections.defaultdict(dict))
        self.pictures = collections.defaultdict(set)  # stream → tags
        self.messages = []
        self.words = collections.defaultdict(list)  # stream → what its newest verdicts say
        self._words_of = {}  # stream → epoch and step of those
        self.of_run = collections.defaultdict(list)  # tag of no stream → steps and values
        self._overhead_step = None
        self.measure_values = 0
        self.measures = []  # in the order of their numbers, without their directions
        self.headline = ""
        self.headline_row = ""  # with its direction
        self._pairs_all = False
        self._steps = collections.defaultdict(lambda: Steps(axis))
        self._parts = Parts()
        self._axis = axis
        self._read()

    def series(self, last_of_a_step=False):
        """TensorBoard's run → tag → pairs of step and value, in order. Of those of one step its fast loader has the last."""
        result = {run: {tag: sorted(steps.items()) for tag, steps in tags.items()} for run, tags in self.scalars.items()}
        merge = lambda series: sorted(dict(series).items()) if last_of_a_step else series
        result["run"] = {tag: merge(series) for tag, series in self.of_run.items()}
        return result

    def _read(self):
        with open(self.folder / "rows.jsonl", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        final = [row for row in rows if row.get("reference") == "final" and row["kind"] in ("measure", "spectrum")]
        for row in rows:
            if row.get("reference") != "final" or row["kind"] not in ("measure", "spectrum"):
                getattr(self, "_add_" + row["kind"], lambda row: None)(row)
        self._add_final(final)

    def _add_run(self, row):
        self.headline = row["measures"][0] if row["measures"] else ""
        self._pairs_all = row["pairing"] == "all with all"
        self.measures += [name for name in row["measures"] if name not in self.measures]

    def _numbered(self, measure):
        name = re.sub("_(similarity|distance)$", "", measure)
        return f"{self.measures.index(name) + 1} {measure}"

    def _place_of(self, row):
        """TensorBoard's run and card of a row about a pair of layers."""
        run, card = row["stream"] + "/" + folder(row["layer"]), part(row["reference"])
        if row["reference_layer"] == row["layer"]:
            return run, card
        if self._pairs_all:
            return run, card + "~" + part(row["reference_layer"], "%~")
        return run + "~" + folder(row["reference_layer"]), card

    def _add_measure(self, row, step=None):
        step = self._steps[row["stream"]].of(row) if step is None else step
        stream, measure = row["stream"], row["measure"]
        run, card = self._place_of(row)
        tag = group(stream, self._numbered(measure)) + "/" + card
        ending = self._parts.ending_of((run, tag), row)
        if row["value"] is not None:
            self.scalars[run + ending][tag][step] = row["value"]
        if row["noise_floor"] is not None:
            floor_tag = group(stream, "floor of " + measure) + "/" + card
            self.scalars[run + ending][floor_tag][step] = row["noise_floor"]
            line = self.scalars[f"{stream}/{FLOOR}{ending}"][tag]
            least = min if measure.endswith("_distance") else max
            line[step] = least(line.get(step, row["noise_floor"]), row["noise_floor"])
        self.measure_values += row["value"] is not None
        if re.fullmatch(re.escape(self.headline) + "_(similarity|distance)", measure):
            self.headline_row = measure
            self.pictures[stream].add(f"{group(stream, self._numbered(measure))}/{part(row['reference'])}/heat map")

    def _add_spectrum(self, row, step=None):
        step = self._steps[row["stream"]].of(row) if step is None else step
        correlations = row["canonical_correlations"]
        if correlations:
            places = np.minimum((np.clip(correlations, 0, 1) * BINS).astype(int), BINS - 1)
            counts = np.bincount(places, minlength=BINS)
            run, card = self._place_of(row)
            self.histograms[run][group(row["stream"], "spectrum") + "/" + card][step] = counts

    def _add_layer(self, row):
        step = self._steps[row["stream"]].of(row)
        values = {name: row[name] for name in ("effective_rank", "condition", "root_mean_square")}
        values["dead"] = row["dead"] / row["features"] if row["features"] and row["samples"] else None
        run, of_network = row["stream"] + "/" + folder(row["layer"]), group(row["stream"], "health of " + row["network"])
        for what, value in values.items():
            if value is not None:
                self.scalars[run][f"{of_network}/{what}"][step] = value

    def _add_drift(self, row):
        row = dict(row, stream="train")
        step = self._steps["train"].of(row)
        run, card = self._place_of(row)
        what = "drift of " + row["measure"]
        if row["drift"] is not None:
            self.scalars[run][group("train", what) + "/" + card][step] = row["drift"]
        floors = row.get("probe_noise_floor"), row.get("train_noise_floor")
        if None not in floors:
            self.scalars[run][group("train", what + ", by sizes") + "/" + card][step] = abs(floors[1] - floors[0])

    def _add_verdict(self, row):
        self._say(row, row["verdict"])
        own = not row["reference"] and row["verdict"] in ("moving", "wandering", "settled", "undecided")
        if own and row["moved"][0] is not None:
            tag = group(row["stream"], self._numbered(self.headline_row)) + "/before-1/heat map"
            self.pictures[row["stream"]].add(tag if row["measure"] == self.headline_row else tag + " of " + row["measure"])

    def _add_direction(self, row):
        self._say(row, row["direction"])

    def _say(self, row, word):
        snapshot = (row["epoch"], row["step"])
        if self._words_of.get(row["stream"]) != snapshot:
            self.words[row["stream"]] = []
        self._words_of[row["stream"]] = snapshot
        self.words[row["stream"]] += [word, row.get("message") or ""]

    def _add_log(self, row):
        if row["value"] is not None:
            series = self.of_run["log/" + part(row["name"], "%~")]
            series.append((max([row[self._axis], *(step for step, _ in series)]), row["value"]))

    def _add_event(self, row):
        if row["what"] != "overhead":
            self.messages.append(row["message"])
            return
        last = self._overhead_step
        self._overhead_step = row[self._axis] if last is None else max(row[self._axis], last + 1)
        for name in OVERHEAD:
            if row[name] is not None:
                self.of_run["overhead/" + name].append((self._overhead_step, row[name]))

    def _add_final(self, rows):
        place = lambda row: (row["epoch"], row["step"])
        steps = {}
        last = None
        for key in sorted({place(row) for row in rows}):
            wanted = key[0] if self._axis == "epoch" else key[1]
            last = wanted if last is None else max(wanted, last + 1)
            steps[key] = last
        for row in rows:
            add = self._add_measure if row["kind"] == "measure" else self._add_spectrum
            add(row, steps[place(row)])


def plain_text(fragment):
    """What a person reads of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", fragment))


def same_scalar(shown, value):
    """Both as the float32 that TensorBoard keeps."""
    return np.float32(shown) == np.float32(value) or (math.isinf(np.float32(value)) and abs(shown) > 3e38)
