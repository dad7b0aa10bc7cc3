"""Copies of a watched network, and other processes."""

from __future__ import annotations

import copy
import io
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, TensorDataset

import livecca
import watched
from livecca.torch import Monitor, tap

X, Y = watched.data(rows=20)


def monitor_of(model: nn.Module, run_dir: Path, **options: Any) -> Monitor:
    options.setdefault("train_stream", livecca.Schedule.every_steps(1))
    return Monitor(
        model, ["fc1", "fc2"], probe=[X], run_dir=run_dir, synchronous=True, **options
    )  # fmt: skip


class Opening(watched.Net):
    """Does something in the middle of its forward pass, while a pass of training is open."""

    inside: Any = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc1(x)
        if self.inside is not None:
            act, self.inside = self.inside, None
            act(self)
        return self.fc2(tap("mid", x))


def saved_and_loaded(model: nn.Module) -> Any:
    stream = io.BytesIO()
    torch.save(model, stream)
    stream.seek(0)
    return torch.load(stream, weights_only=False)


WAYS = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "save": saved_and_loaded,
    "average": lambda model: AveragedModel(model),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "inside", "after"])
def test_copies_are_inert(tmp_path: Path, way: str, when: str) -> None:
    model = Opening()
    copies: list[nn.Module] = []

    def make(network: nn.Module) -> None:
        copies.append(WAYS[way](network))
        getattr(copies[-1], "module", copies[-1]).fc1(X)

    with monitor_of(model, tmp_path / "run") as monitor:
        if when == "before":
            make(model)
        model.inside = make if when == "inside" else None
        model(X).sum().backward()
        if when == "after":
            make(model)
        [other] = copies
        for _ in range(3):
            assert other(X).shape == (20, 3)
        monitor.step()
        other(X)
        monitor.snapshot(0)
        other(X)
    expected = {"fc1": 20, "fc2": 20, "mid": 20}
    assert watched.train_samples(tmp_path / "run") == expected
    assert watched.events(tmp_path / "run") == []
    assert watched.same_weights(model, getattr(other, "module", other))


def test_an_average_is_updated_while_its_network_is_watched(tmp_path: Path) -> None:
    model = watched.Net()
    average = AveragedModel(model)
    with monitor_of(model, tmp_path / "run") as monitor:
        for _ in range(2):
            model(X).sum().backward()
            average.update_parameters(model)
            monitor.step()
    assert torch.equal(average.module.fc1.weight, model.fc1.weight)


def test_names_in_the_state_dict_do_not_change(tmp_path: Path) -> None:
    model = watched.Net()
    before = list(model.state_dict())
    with monitor_of(model, tmp_path / "run") as monitor:
        model(X)
        assert list(model.state_dict()) == before
        monitor.step()
        monitor.snapshot(0)
        assert list(model.state_dict()) == before
        model.load_state_dict(watched.Net(8).state_dict())


def run_python(arguments: list[str]) -> str:
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_a_saved_network_loads_without_livecca(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 3))
    with Monitor(model, "0", run_dir=tmp_path / "run",
                 train_stream=livecca.Schedule.every_steps(1)):  # fmt: skip
        torch.save(model, tmp_path / "model.pt")
    code = (
        "import sys, torch; sys.modules['livecca'] = None\n"
        "model = torch.load(sys.argv[1], weights_only=False)\n"
        "print(tuple(model(torch.zeros(2, 6)).shape))"
    )
    assert run_python(["-c", code, str(tmp_path / "model.pt")]) == "(2, 3)\n"


SPAWN = """
import sys, torch, watched, livecca, multiprocessing
from livecca.torch import Monitor

def child(model, queue):
    queue.put(tuple(model(torch.zeros(4, 6)).shape))

if __name__ == "__main__":
    torch.set_num_threads(1)
    model = watched.Net()
    monitor = Monitor(model, "fc1", run_dir=sys.argv[1], synchronous=True,
                      references={"other": watched.Net(8)},
                      train_stream=livecca.Schedule.every_steps(1))
    context = multiprocessing.get_context(sys.argv[2])
    queue = context.SimpleQueue()
    process = context.Process(target=child, args=(model, queue))
    process.start()
    print(queue.get())
    process.join()
    print(process.exitcode)
    model(torch.randn(20, 6)).sum().backward()
    monitor.step()
    monitor.snapshot(0)
    monitor.finish()
"""


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_other_processes_with_the_network(tmp_path: Path, method: str) -> None:
    script = tmp_path / "script.py"  # a child that is spawned imports it again
    script.write_text(SPAWN)
    printed = run_python([str(script), str(tmp_path / "run"), method])
    assert printed.splitlines() == ["(4, 3)", "0"]
    assert watched.train_samples(tmp_path / "run") == {"fc1": 20}
    assert watched.events(tmp_path / "run") == []


def test_workers_of_a_loader_do_no_harm(tmp_path: Path) -> None:
    model = watched.Net()
    loader = DataLoader(TensorDataset(X, Y), batch_size=5, num_workers=2)
    probe = DataLoader(TensorDataset(X), batch_size=5, num_workers=2)
    options = {"train_stream": livecca.Schedule.every_steps(1)}
    monitor = Monitor(model, ["fc1", "fc2"], probe=probe, run_dir=tmp_path / "run", **options)
    for epoch in range(2):
        for x, y in loader:
            nn.functional.cross_entropy(model(x), y).backward()
            monitor.step()
        rows = monitor.snapshot(epoch).rows
        assert rows
    monitor.finish()
    assert watched.events(tmp_path / "run", "finished")[0].count == 1
    lines = livecca.read_run(tmp_path / "run")
    assert lines.foreign_lines == 0
    assert {row.epoch for row in lines.of(livecca.LayerRow)} == {0, 1}


def test_a_child_of_fork_leaves_the_run_alone(tmp_path: Path) -> None:
    model = watched.Net()
    monitor = monitor_of(model, tmp_path / "run")
    model(X).sum().backward()
    monitor.step()
    monitor.snapshot(0)
    before = (tmp_path / "run" / "rows.jsonl").read_bytes()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            # No backward pass: PyTorch has none after fork() where its threads have started.
            model(X)
            monitor.step()
            assert monitor.snapshot(1).measures == ()
            monitor.log("loss", 1.0)
            monitor.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert (tmp_path / "run" / "rows.jsonl").read_bytes() == before
    monitor.finish()
    assert watched.train_samples(tmp_path / "run") == {"fc1": 20, "fc2": 20}


@contextmanager
def process_group(folder: Path) -> Iterator[None]:
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=0, world_size=1
    )
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize("wrapper", ["ddp", "compile", "ddp of compile", "compile of ddp"])
def test_names_have_no_prefixes_of_wrappers(tmp_path: Path, wrapper: str) -> None:
    torch._dynamo.reset()
    model: Any = watched.Net()
    with process_group(tmp_path):
        for part in reversed(wrapper.split(" of ")):
            if part == "ddp":
                model = nn.parallel.DistributedDataParallel(model)
            else:
                model = torch.compile(model, backend="eager")
        with monitor_of(model, tmp_path / "run") as monitor:
            model(X).sum().backward()
            monitor.step()
            monitor.snapshot(0)
    rows = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert {row.layer for row in rows if row.stream == "probe"} == {"fc1", "fc2"}
    heard = {row.layer for row in rows if row.stream == "train"}
    assert heard == ({"fc1", "fc2"} if wrapper == "ddp" else set())


def test_data_parallel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(livecca.Error, match="DistributedDataParallel") as caught:
        Monitor(nn.DataParallel(watched.Net()), "fc1", probe=[X], run_dir=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_network_whose_weights_several_processes_share_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsdp = pytest.importorskip("torch.distributed.fsdp")
    if not hasattr(fsdp, "fully_shard"):
        reason = "this PyTorch has no fully_shard(), by which a network is sharded on the CPU"
        print(reason)
        pytest.skip(reason)
    with process_group(tmp_path):
        model = watched.Net()
        fsdp.fully_shard(model)
        Monitor(model, "fc1", probe=[X], run_dir=tmp_path / "alone").close()  # it has all of them
        monkeypatch.setattr(torch.distributed, "get_world_size", lambda *_: 2)
        with pytest.raises(livecca.Error, match="whole network in each process") as caught:
            Monitor(model, "fc1", probe=[X], run_dir=tmp_path / "run")
    assert "\n" not in str(caught.value)
