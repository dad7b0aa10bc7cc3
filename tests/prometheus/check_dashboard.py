#!/usr/bin/env python3
"""Checks that every query of the Grafana dashboard finds data in a real Prometheus.

Starts the Prometheus of scripts/get_prometheus.sh on a free port of 127.0.0.1, lets it scrape once a second
what a command serves, asks the dashboard's variables and then its queries, and says which of them return
nothing. Of a query that falls back on a number (`… or vector(0)`) the side before `or` is asked with any verdict,
and the verdicts that it names must be those of docs/rows.md.

  check_dashboard.py --package FOLDER --work FOLDER [--seconds 10] -- COMMAND … [@PORT@] …
  check_dashboard.py --package FOLDER --work FOLDER --port 9464 [-- COMMAND …]

@PORT@ in the command becomes a free port, unless --port says where it serves, and @RUN@ the folder `run` in the
work folder, which is removed first. Without a command somebody else serves there.
Exit status: 0 all is well, 1 not, 77 there is no Prometheus.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SKIPPED = 77
PROJECT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = PROJECT / "tools/grafana/livecca.json"
ROWS = PROJECT / "docs/rows.md"


class Failure(Exception):
    """One line that says what, where, and what was expected."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url, **parameters):
    if parameters:
        url += "?" + urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        # Prometheus tells in the body what is wrong with a query.
        raise Failure(f"{url}: {error.read().decode().strip()}") from None


def wait_until(what, condition, seconds, processes):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, process in processes.items():
            if process.poll() is not None:
                raise Failure(f"expected {what}, got: {name} ended with {process.returncode}")
        try:
            if condition():
                return
        except (OSError, Failure):
            pass
        time.sleep(0.2)
    raise Failure(f"expected {what} within {seconds} s, got: nothing")


class Prometheus:
    """Its HTTP API, of one server."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def is_ready(self):
        return "Ready" in fetch(self.url + "/-/ready")

    def api(self, path, **parameters):
        answer = json.loads(fetch(f"{self.url}/api/v1/{path}", **parameters))
        if answer["status"] != "success":
            raise Failure(f"{path} {parameters}: {answer}")
        return answer["data"]

    def query(self, expression):
        return self.api("query", query=expression)["result"]

    def query_range(self, expression, seconds):
        now = time.time()
        return self.api("query_range", query=expression, start=now - seconds, end=now, step=1)["result"]

    def label_values(self, label, selector):
        parameters = {"match[]": selector}
        return self.api(f"label/{label}/values", **parameters)


def start_prometheus(package, work, port, target_port):
    shutil.rmtree(work / "data", ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {"job_name": "livecca", "static_configs": [{"targets": [f"127.0.0.1:{target_port}"]}]}
        ],
    }
    # JSON is YAML, too.
    (work / "prometheus.yml").write_text(json.dumps(config))
    log = open(work / "prometheus.log", "w", encoding="utf-8")
    return subprocess.Popen(
        [
            package / "usr/bin/prometheus",
            f"--config.file={work / 'prometheus.yml'}",
            f"--storage.tsdb.path={work / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=log,
        stderr=log,
        cwd=work,
    )


def substitute(text, values):
    def value_of(match):
        name = match.group(1) or match.group(2)
        if name not in values:
            raise Failure(f"expected a variable of the dashboard, got: ${name} in {text}")
        return values[name]

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value_of, text)


def escaped(value):
    """As it stands between the quotes of a query; so does Grafana's data source."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def variables(dashboard, prometheus, seconds):
    """The first value of each, in their order, as each may use those before it."""
    values = {"datasource": "prometheus", "__rate_interval": "5s", "__range": f"{seconds}s"}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        query = substitute(variable["query"]["query"], values)
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        if match is None:
            raise Failure(f"variable {variable['name']}: expected label_values(…, label), got: {query}")
        found = prometheus.label_values(match.group(2), match.group(1))
        if not found:
            raise Failure(f"variable {variable['name']}: expected a value, got: none of {query}")
        print(f"  variable {variable['name']}: {found}")
        values[variable["name"]] = escaped(found[0])
    return values


def queries(dashboard):
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target


def verdicts_of_docs():
    found = re.search(r"`verdict` \(((?:`\w+`(?:, )?)+)\)", ROWS.read_text(encoding="utf-8"))
    if found is None:
        raise Failure(f"{ROWS}: expected the list of verdicts, got: none")
    return set(re.findall(r"\w+", found.group(1)))


def with_any_verdict(selector):
    """The selector, not yet substituted, with any verdict in place of those that it names."""
    verdicts = verdicts_of_docs()

    def any_value(match):
        label, value = match.group(1), match.group(3)
        if "$" in value:
            return match.group(0)
        if label != "verdict":
            raise Failure(f"expected a variable or a verdict, got: {match.group(0)} in {selector}")
        unknown = set(value.split("|")) - verdicts
        if unknown:
            raise Failure(f"expected verdicts of docs/rows.md, got: {sorted(unknown)} in {selector}")
        return f'{label}!=""'

    return re.sub(r'(\w+)(=~|!~|!=|=)"([^"]*)"', any_value, selector)


def must_be_there(expression):
    """What has to have data for a query to mean anything: itself, and what stands before a fallback."""
    before, is_or, _ = expression.rpartition(" or ")
    selectors = re.findall(r"\w+\{[^{}]*\}", before)
    if is_or and not selectors:
        raise Failure(f"expected a metric with labels before or, got: {expression}")
    return [expression] + [with_any_verdict(selector) for selector in selectors]


def check_queries(dashboard, prometheus, values, seconds):
    empty = 0
    for title, target in queries(dashboard):
        for asked in must_be_there(target["expr"]):
            expression = substitute(asked, values)
            if target["instant"]:
                found = prometheus.query(expression)
            else:
                found = prometheus.query_range(expression, seconds)
            if found:
                print(f"  {title}: {len(found)} series" + ("" if asked == target["expr"] else " of any verdict"))
            else:
                print(f"  {title}: EXPECTED DATA, got none of {expression}")
                empty += 1
    return empty


def check(arguments, processes):
    dashboard = json.loads(arguments.dashboard.read_text(encoding="utf-8"))
    target_port = arguments.port or free_port()
    if arguments.command:
        run = arguments.work.resolve() / "run"
        shutil.rmtree(run, ignore_errors=True)
        command = [word.replace("@PORT@", str(target_port)).replace("@RUN@", str(run)) for word in arguments.command]
        processes[command[0]] = subprocess.Popen(command)
    port = free_port()
    processes["prometheus"] = start_prometheus(
        arguments.package.resolve(), arguments.work.resolve(), port, target_port
    )
    prometheus = Prometheus(port)
    wait_until("Prometheus to be ready", prometheus.is_ready, 30, processes)
    measured = "count(livecca_measure)"
    wait_until(
        f"measures at 127.0.0.1:{target_port}",
        lambda: prometheus.query(measured),
        arguments.wait,
        processes,
    )
    time.sleep(arguments.seconds)
    if not prometheus.query('up{job="livecca"} == 1'):
        raise Failure(f"expected 127.0.0.1:{target_port} to be scraped to the end, got: it is down")
    values = variables(dashboard, prometheus, arguments.seconds)
    return check_queries(dashboard, prometheus, values, arguments.seconds)


def stop(processes):
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--package", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--dashboard", type=pathlib.Path, default=DASHBOARD)
    parser.add_argument("--seconds", type=int, default=10, help="of scraping, once there are measures")
    parser.add_argument("--wait", type=int, default=60, help="seconds at most until there are measures")
    parser.add_argument("--port", type=int)
    parser.add_argument("command", nargs="*")
    return parser.parse_args()


def main():
    arguments = parse()
    program = arguments.package / "usr/bin/prometheus"
    if not os.access(program, os.X_OK):
        print(f"SKIPPED: no {program}; scripts/get_prometheus.sh says why")
        return SKIPPED
    processes = {}
    try:
        empty = check(arguments, processes)
    except Failure as failure:
        print(f"check_dashboard.py: {failure}", file=sys.stderr)
        return 1
    finally:
        stop(processes)
    print(f"{empty} queries without data" if empty else "every query has data")
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(main())
