"""Reads runs with TensorBoard and compares what it shows with their rows.jsonl.

python3 read_runs.py --environment FOLDER RUN... [--axis step|epoch]
FOLDER is a virtual environment with TensorBoard, which is made if it is not there. All runs must
lie in one folder. Every value of every row must be there, with its step, no more and no less: by
TensorBoard's own reader of files and by its server, with its fast loader and without.
"""

import argparse
import concurrent.futures
import http.client
import json
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import environment

DEADLINE = 60  # seconds for a server to start and to read everything


class Mismatch(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Mismatch(message)


def compare_runs(shown, expected, name):
    """TensorBoard's runs, of those that have something."""
    shown = {run for run, tags in shown.items() if tags and run.startswith(name + "/")}
    wanted = {f"{name}/{run}" for run, tags in expected.items() if tags}
    check(shown == wanted, f"{name}: expected {len(wanted)} runs, {sorted(wanted - shown)[:3]} are missing, {sorted(shown - wanted)[:3]} too many")


def compare_tags(shown, expected, where):
    shown = set(shown)
    missing, surplus = sorted(set(expected) - shown), sorted(shown - set(expected))
    check(not missing and not surplus, f"{where}: expected {len(expected)} tags, {missing[:3]} are missing, {surplus[:3]} too many")


def compare_series(shown, expected, where):
    """Both are pairs of step and value."""
    from expected_run import same_scalar

    steps, wanted = [step for step, _ in shown], [step for step, _ in expected]
    if steps != wanted:
        first = next((i for i, pair in enumerate(zip(steps, wanted)) if pair[0] != pair[1]), min(len(steps), len(wanted)))
        near = slice(max(first - 3, 0), first + 3)
        raise Mismatch(f"{where}: expected steps … {wanted[near]}, got {steps[near]} at place {first}")
    for (step, value), (_, of_row) in zip(shown, expected):
        check(same_scalar(value, of_row), f"{where}: step {step}: expected {of_row}, got {value}")


def read_files(run):
    """With TensorBoard's EventAccumulator, as notebooks do."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for stream, expected in run.series().items():
        where = f"{run.folder.name}/{stream}, read from its files"
        sizes = {"scalars": 0, "images": 1, "histograms": 0, "tensors": 0}
        reader = EventAccumulator(str(run.folder / "tensorboard" / stream), size_guidance=sizes)
        reader.Reload()
        compare_tags(reader.Tags()["scalars"], expected, where)
        for tag, series in expected.items():
            compare_series([(e.step, e.value) for e in reader.Scalars(tag)], series, f"{where}: {tag}")


class Server:
    """TensorBoard on a free port of this machine."""

    def __init__(self, logdir, fast):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        samples = ",".join(f"{plugin}=1000000" for plugin in ("scalars", "images", "histograms", "text"))
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--host", "127.0.0.1",
             "--port", str(self.port), "--load_fast", "true" if fast else "false",
             "--reload_interval", "1", "--samples_per_plugin", samples],
            stdout=self.output, stderr=subprocess.STDOUT,
        )
        self.connections = threading.local()
        self.is_fast = fast

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)

    def get(self, path, **query):
        target = "/data/" + path + ("?" + urllib.parse.urlencode(query) if query else "")
        for attempt in (1, 2):
            try:
                connection = getattr(self.connections, "own", None)
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                    self.connections.own = connection
                connection.request("GET", target)
                response = connection.getresponse()
                body = response.read()
                check(response.status == 200, f"{target}: expected status 200, got {response.status} {body[:200]}")
                return body
            except (http.client.HTTPException, OSError):
                self.connections.own = None
                if attempt == 2:
                    raise

    def json(self, path, **query):
        return json.loads(self.get(path, **query))

    def series(self, path, run, tags):
        """Tags with their points. With the fast loader a request waits 40 ms, so many wait at once."""
        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            yield from zip(tags, threads.map(lambda tag: self.json(path, run=run, tag=tag), tags))

    def wait_until(self, is_done):
        """Until the server has read everything; says what it lacks if it does not."""
        deadline = time.monotonic() + DEADLINE
        while True:
            check(self.process.poll() is None, "expected TensorBoard to run, got its end: " + self.log())
            try:
                return is_done()
            except (Mismatch, OSError, http.client.HTTPException, KeyError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    def log(self):
        self.output.seek(0)
        return self.output.read().decode(errors="replace")[-2000:]


def compare_scalars(server, run, name):
    tags = server.json("plugin/scalars/tags")
    compare_runs(tags, run.series(server.is_fast), name)
    for stream, expected in run.series(server.is_fast).items():
        compare_tags(tags[f"{name}/{stream}"], expected, f"{name}/{stream}")
        for tag, points in server.series("plugin/scalars/scalars", f"{name}/{stream}", list(expected)):
            shown = [(step, value) for _, step, value in points]
            compare_series(shown, expected[tag], f"{name}/{stream}: {tag}")


def served_steps(expected, got):
    """Of more than 51 histograms, TensorBoard's server sends 51: the first, the last, and some between them."""
    most = 51
    if len(expected) <= most:
        return expected
    is_choice = len(got) == most and set(got) <= set(expected) and (got[0], got[-1]) == (expected[0], expected[-1])
    return sorted(got) if is_choice else expected


def compare_histograms(server, run, name):
    from expected_run import BINS

    tags = server.json("plugin/histograms/tags")
    compare_runs(tags, run.histograms, name)
    for stream, expected in run.histograms.items():
        where = f"{name}/{stream}: histograms"
        compare_tags(tags[f"{name}/{stream}"], expected, where)
        for tag, shown in server.series("plugin/histograms/histograms", f"{name}/{stream}", list(expected)):
            series = expected[tag]
            steps = [step for _, step, _ in shown]
            check(steps == served_steps(sorted(series), steps), f"{where}: {tag}: expected steps {sorted(series)}, got {steps}")
            for _, step, buckets in shown:
                counts = [0] * BINS
                for left, right, count in buckets:
                    check(abs(right - left - 1 / BINS) < 1e-6, f"{where}: {tag}: a bin from {left} to {right}")
                    counts[round(left * BINS)] = count
                check(counts == list(series[step]), f"{where}: {tag}: step {step}: expected {series[step]}, got {counts}")


def compare_pictures(server, run, name):
    tags = server.json("plugin/images/tags")
    compare_runs(tags, run.pictures, name)
    for stream, expected in run.pictures.items():
        compare_tags(tags[f"{name}/{stream}"], expected, f"{name}/{stream}: images")
        for tag in expected:
            shown = server.json("plugin/images/images", run=f"{name}/{stream}", tag=tag, sample=0)
            check(shown, f"{name}/{stream}: {tag}: expected a picture")
            png = server.get("plugin/images/individualImage?" + shown[-1]["query"])
            size = struct.unpack(">II", png[16:24])
            check(png[:8] == b"\x89PNG\r\n\x1a\n" and size[0] > 100, f"{name}/{stream}: {tag}: expected a PNG file")


def compare_texts(server, run, name):
    from expected_run import plain_text

    tags = server.json("plugin/text/tags")
    if run.messages:
        newest = plain_text(server.json("plugin/text/text", run=f"{name}/run", tag="3 events")[-1]["text"])
        for message in run.messages:
            check(message in newest, f"{name}/run: expected the event {message!r}, it is not shown")
    for stream, words in run.words.items():
        tag = "1 verdicts" if stream == "probe" else "train: 1 verdicts"
        check(tag in tags[f"{name}/{stream}"], f"{name}/{stream}: expected verdicts")
        newest = plain_text(server.json("plugin/text/text", run=f"{name}/{stream}", tag=tag)[-1]["text"])
        for word in words:
            check(word in newest, f"{name}/{stream}: expected {word!r} among the verdicts, it is not shown")


def read_server(runs, logdir, fast):
    with Server(logdir, fast) as server:
        try:
            server.wait_until(lambda: [compare_scalars(server, run, name) for name, run in runs.items()])
            for name, run in runs.items():
                for compare in (compare_histograms, compare_pictures, compare_texts):
                    server.wait_until(lambda: compare(server, run, name))
        except Exception:
            print(server.log(), file=sys.stderr)
            raise


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", required=True)
    parser.add_argument("--axis", choices=("step", "epoch"), default="step")
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    environment.run_within(arguments.environment)
    from expected_run import ExpectedRun

    logdir = arguments.runs[0].resolve().parent
    runs = {}
    for folder in arguments.runs:
        check(folder.resolve().parent == logdir, f"{folder}: expected a run in {logdir}, beside the others")
        runs[f"{folder.name}/tensorboard"] = ExpectedRun(folder, arguments.axis)
    with tempfile.TemporaryDirectory() as chosen:
        for folder in arguments.runs:  # the server sees these runs and no others
            (pathlib.Path(chosen) / folder.name).symlink_to(folder.resolve())
        for run in runs.values():
            read_files(run)
        for fast in (True, False):
            started = time.monotonic()
            read_server(runs, chosen, fast)
            loader = "fast loader" if fast else "Python loader"
            print(f"TensorBoard's server with its {loader}: {time.monotonic() - started:.1f} s", flush=True)
    for name, run in runs.items():
        series = sum(len(tags) for tags in run.scalars.values())
        points = sum(len(steps) for tags in run.scalars.values() for steps in tags.values())
        print(f"{name}: {points} points in {series} series, {run.measure_values} of them values of measures: all there")


if __name__ == "__main__":
    try:
        main()
    except Mismatch as mismatch:
        sys.exit(f"read_runs: {mismatch}")
