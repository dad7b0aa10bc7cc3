#!/usr/bin/env python3
"""Prints the results of bench_speed as shares of what the machine can do.

Usage: table.py RESULT.json [BEFORE.json]. The files are those of --benchmark_out, with
repetitions; medians are compared. With a second file each line also has its number.
"""

import json
import sys


def medians(path):
    """Milliseconds by the benchmark's name, without what Google Benchmark appends."""
    with open(path) as file:
        results = json.load(file)
    unit = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}
    times = {}
    for run in results["benchmarks"]:
        if run.get("run_type") == "aggregate" and run["aggregate_name"] != "median":
            continue
        if run.get("error_occurred"):
            continue
        name = run["run_name"]
        for ending in ("/iterations:100", "/iterations:1", "/manual_time", "/real_time"):
            name = name.replace(ending, "")
        if run.get("run_type") == "aggregate" or name not in times:
            times[name] = run["real_time"] * unit[run["time_unit"]]
    return results["context"], times


def rows(ms):
    """(what, number, unit) for each line of the table; None where a benchmark did not run."""

    def ratio(part, whole):
        return None if part is None or whole is None else part / whole

    def get(*names):
        found = [ms.get(name) for name in names]
        return None if None in found else sum(found)

    def speed(name, flops):
        time = ms.get(name)
        return None if time is None else flops / time

    dgemm = speed("dgemm/2048/2048", 2 * 2048**3)
    sgemm = speed("sgemm/2048/2048", 2 * 2048**3)
    yield "dgemm 2048³", None if dgemm is None else dgemm / 1e6, "GF/s"
    yield "sgemm 2048³", None if sgemm is None else sgemm / 1e6, "GF/s"
    yield "dgesdd 1024², with vectors", get("dgesdd/1024"), "ms"
    for d in (128, 256, 512, 1024, 2048):
        step = speed(f"dgemm/{d}/256", 2 * d * d * 256)
        yield f"dgemm, 256 rows, d = {d}", ratio(step, dgemm), "of dgemm"
    for d in (128, 256, 512, 1024, 2048):
        flops = d * (d + 1) * 256
        yield f"dsyrk, 256 rows, d = {d}", ratio(speed(f"dsyrk/{d}/256", flops), dgemm), "of dgemm"
    for d in (128, 256, 512, 1024, 2048):
        flops = d * (d + 1) * 256
        yield f"scatter, d = {d}", ratio(speed(f"scatter/exact/{d}", flops), dgemm), "of dgemm"
    for d in (512, 1024, 2048):
        flops = d * (d + 1) * 256
        yield f"fast, d = {d}", ratio(speed(f"scatter/fast/{d}", flops), sgemm), "of sgemm"
    pairs = sum(4 * d * d * 128 for d in (64, 64, 128, 128, 256, 256, 512, 512))
    yield "8 taps with references", ratio(speed("panel_commit", pairs), dgemm), "of dgemm"
    for measure in ("pwcca", "mean_cca", "svcca", "all", "linear_cka"):
        for case in ("uncached", "known_y"):
            time = ratio(ms.get(f"{measure}/{case}"), ms.get("dgesdd/1024"))
            yield f"1024² pair, {measure}, {case}", time, "× dgesdd"
    lapack = get("dsyevd/256", "dsyevd/256", "dgesdd/256")
    many = ratio(None if lapack is None else 360 * lapack, ms.get("solve_networks/2"))
    yield "360 pairs of 256, against eigh + eigh + svd", many, "× faster"
    threads = ratio(ms.get("solve_networks/1"), ms.get("solve_networks/2"))
    yield "360 pairs, from 1 to 2 threads", threads, "× faster"
    yield "NCHW against NC", ratio(ms.get("all_positions/nchw"), ms.get("all_positions/nc")), "×"
    for case, unit in (("own", "memcpy"), ("read_elsewhere", "memcpy to what another core read")):
        copy = ratio(ms.get("monitor_step"), ms.get(f"memcpy_of_step/{case}"))
        yield "a step of 8 taps in the training thread", copy, f"× {unit}"


def text(number):
    return "–" if number is None else f"{number:.3g}"


def main():
    files = [medians(path) for path in sys.argv[1:]]
    if not files:
        sys.exit(__doc__)
    for context, _ in files:
        kernel = context.get("openblas_kernel", "unknown")
        print(f"{context['date']}, {context['num_cpus']} CPUs, OpenBLAS kernel {kernel},"
              f" load {context['load_avg'][0]:.1f}")
    tables = [list(rows(times)) for _, times in files]
    print("\n| work |" + " number |" * len(tables) + " unit |")
    print("|---|" + "---|" * len(tables) + "---|")
    for lines in zip(*tables, strict=True):
        numbers = " | ".join(text(line[1]) for line in lines)
        print(f"| {lines[0][0]} | {numbers} | {lines[0][2]} |")


if __name__ == "__main__":
    main()
