#!/usr/bin/env python3
"""`livecca compare --measures pwcca` on two files of float32 against NumPy on the same files.

Usage: numpy_compare.py LIVECCA [--samples 20000] [--features 1024] [--repeats 5]. LIVECCA is the
program. NumPy's route is covariances, two eigh, an svd and PWCCA, in a process of its own as well.
Runs take turns; medians and the program's largest memory are printed.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time


def by_numpy(path_x, path_y):
    import numpy as np

    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))
    from numpy_route import pwcca_similarity

    print(json.dumps({"pwcca": pwcca_similarity(np.load(path_x), np.load(path_y))}))


def write_files(folder, samples, features):
    """In a process of its own: a child's largest memory counts from its parent's."""
    command = [sys.executable, __file__, "--write", folder, str(samples), str(features)]
    subprocess.run(command, check=True)
    return [str(pathlib.Path(folder) / name) for name in ("x.npy", "y.npy")]


def write_here(folder, samples, features):
    import numpy as np

    random = np.random.default_rng(1)
    x = random.standard_normal((samples, features), dtype=np.float32)
    y = random.standard_normal((samples, features), dtype=np.float32)
    y += x * np.linspace(0, 1, features, dtype=np.float32)
    np.save(pathlib.Path(folder) / "x.npy", x)
    np.save(pathlib.Path(folder) / "y.npy", y)


def run(command):
    """Seconds, largest memory in MB and the standard output."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"expected {command} to work, got {process.returncode}")
    return seconds, usage.ru_maxrss / 1024, text.decode()


def main():
    if sys.argv[1:2] == ["--numpy"]:
        return by_numpy(*sys.argv[2:4])
    if sys.argv[1:2] == ["--write"]:
        return write_here(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    parser = argparse.ArgumentParser()
    parser.add_argument("livecca")
    parser.add_argument("--samples", type=int, default=20000)
    parser.add_argument("--features", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(folder, options.samples, options.features)
        compare = [options.livecca, "compare", *files, "--measures", "pwcca", "--format", "json"]
        commands = {
            "numpy": [sys.executable, __file__, "--numpy", *files],
            "exact": compare,
            "fast": [*compare, "--precision", "fast"],
        }
        runs = {name: [] for name in commands}
        for _ in range(options.repeats):
            for name, command in commands.items():
                runs[name].append(run(command))
        numpy_seconds = statistics.median(seconds for seconds, _, _ in runs["numpy"])
        for name, results in runs.items():
            seconds = statistics.median(seconds for seconds, _, _ in results)
            memory = max(memory for _, memory, _ in results)
            found = json.loads(results[0][2])
            value = found["pwcca"] if name == "numpy" else found["similarity"]["pwcca"]
            print(f"{name:6} {seconds:6.2f} s  {numpy_seconds / seconds:5.2f} × as fast as NumPy  "
                  f"{memory:5.0f} MB  pwcca {value:.12f}")


if __name__ == "__main__":
    main()
