"""The live page from Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import livecca


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve") / "run"
    random = np.random.default_rng(5)
    a = random.normal(size=(300, 6))
    with livecca.Monitor(folder, synchronous=True) as monitor:
        tap = monitor.watch("net", "layer")
        for epoch in range(3):
            with monitor.begin("probe", epoch) as step:
                step.observe(tap, a)
            monitor.snapshot(epoch)
    return folder


def answer(url: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url.partition("?")[0] + path, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_serves_until_it_is_closed(run: Path) -> None:
    with livecca.serve(run) as page:
        assert page.url.startswith("http://127.0.0.1:")
        assert answer(page.url, "")[0] == 200
        for _ in range(200):
            summary = json.loads(answer(page.url, "api/v1/runs")[1])["runs"][0]
            if summary["state"] == "finished":
                break
            time.sleep(0.05)
        assert summary["state"] == "finished"
        assert summary["layers"] == 1
        assert "at http://" in repr(page)
        url = page.url
    page.close()
    assert "closed" in repr(page)
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=2)


def test_takes_several_folders_and_a_port(run: Path) -> None:
    with livecca.serve([run, run.parent]) as page:
        port = int(page.url.rstrip("/").rpartition(":")[2])
        assert len(json.loads(answer(page.url, "api/v1/runs")[1])["runs"]) == 1
        with pytest.raises(livecca.Error, match="address already in use"):
            livecca.serve(run, port=port)


def test_token_is_needed(run: Path) -> None:
    token = "a-secret-of-24-letters&'"
    with livecca.serve(run, token=token) as page:
        assert answer(page.url, "api/v1/runs")[0] == 401
        with urllib.request.urlopen(page.url.replace("/?", "/api/v1/runs?"), timeout=10) as given:
            assert given.status == 200
        assert token not in repr(page)
        shown = page._repr_html_()
        assert shown.startswith('<a href="http://127.0.0.1:')
        assert "'" not in shown


def test_wrong_arguments_are_told_in_a_line(run: Path) -> None:
    for arguments, words in [
        ({"run": "/nowhere"}, "RUNS: expected a run's folder"),
        ({"run": 5}, "run: expected a path or several"),
        ({"run": []}, "RUNS: expected one or more"),
        ({"run": run, "port": 70000}, "port: expected 0 to 65535"),
        ({"run": run, "port": -1}, "port: expected"),
        ({"run": run, "host": "0.0.0.0"}, "--host: expected --token"),
        ({"run": run, "token": "short"}, "--token: expected 16 to 512 characters, got 5"),
        ({"run": run, "token": ""}, "token: expected"),
    ]:
        with pytest.raises(livecca.Error) as refused:
            livecca.serve(**arguments)  # type: ignore[arg-type]
        assert words in str(refused.value)
        assert "\n" not in str(refused.value)


def test_an_open_server_does_not_keep_the_process(run: Path) -> None:
    code = f"import livecca; page = livecca.serve({str(run)!r}); print(page.url)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("http://127.0.0.1:")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_may_end(run: Path) -> None:
    code = (
        f"import livecca, os\npage = livecca.serve({str(run)!r})\n"
        "child = os.fork()\n"
        "if child == 0:\n    page.close(); os._exit(7)\n"
        "print(os.waitpid(child, 0)[1] >> 8); page.close()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "7\n", done.stderr
