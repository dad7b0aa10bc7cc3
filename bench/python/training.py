"""What watching costs a training in PyTorch: batches of 128 images of 3 × 32 × 32, made at random.

Each measurement is taken in turns with its peer, in the same process. It prints ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

import livecca
import livecca.torch
from measuring import in_words, interleaved, seconds

STEPS_OF_STRETCH = 10  # one of them is observed
STEPS_OF_EPOCH = 391  # 50,000 images


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.norm = nn.BatchNorm2d(128)
        self.fc1 = nn.Linear(128 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        x = nn.functional.max_pool2d(self.norm(self.conv3(x)).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())


LAYERS = ["conv*", "fc*"]


class Training:
    """One network and its loop, watched or not."""

    def __init__(self) -> None:
        torch.manual_seed(1)
        self.x, self.y = torch.randn(128, 3, 32, 32), torch.randint(0, 10, (128,))
        self.model = Net()
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.001)
        self.monitor: livecca.torch.Monitor | None = None

    def step(self) -> None:
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.model(self.x), self.y).backward()
        self.optimizer.step()
        if self.monitor is not None:
            self.monitor.step()

    def stretch(self) -> None:
        for _ in range(STEPS_OF_STRETCH):
            self.step()


def watch(training: Training, folder: Path, probe: torch.Tensor, every: int | None) -> None:
    training.monitor = livecca.torch.Monitor(
        training.model,
        LAYERS,
        probe=probe.split(100),
        run_dir=folder,
        train_stream=None if every is None else livecca.Schedule.every_steps(every),
    )


def train_stream(folder: Path, probe: torch.Tensor, rounds: int) -> None:
    plain, idle, watched = Training(), Training(), Training()
    watch(idle, folder / "idle", probe, 10**9)
    watch(watched, folder / "train", probe, STEPS_OF_STRETCH)
    for training in (plain, idle, watched):
        training.stretch()
    times = interleaved(rounds, plain.stretch, idle.stretch, watched.stretch)
    print(f"one step, unwatched: {1e3 * statistics.median(times[0]) / STEPS_OF_STRETCH:.1f} ms")
    for name, of_arm in (("train stream that is not due", times[1]), ("every 10th step", times[2])):
        added = [arm / base - 1 for arm, base in zip(of_arm, times[0], strict=True)]
        print(f"{name}: adds {in_words(added, 100, ' %')} to a step")
    for training in (idle, watched):
        training.monitor.finish()


def probe_pass(folder: Path, probe: torch.Tensor, rounds: int) -> None:
    training = Training()
    watch(training, folder / "probe", probe, None)
    step = statistics.median(seconds(training.step) for _ in range(30))
    snapshots: list[livecca.Snapshot] = []

    def forward() -> None:
        training.model.eval()
        with torch.no_grad():
            for batch in probe.split(100):
                training.model(batch)
        training.model.train()

    def snapshot() -> None:
        snapshots.append(training.monitor.snapshot())

    added = []
    for _ in range(rounds):
        alone, watched = seconds(forward), seconds(snapshot)
        _ = snapshots[-1].rows  # waits until it is solved
        added.append((watched - alone) / (STEPS_OF_EPOCH * step))
    print(f"forward pass over {len(probe)} images: {1e3 * seconds(forward):.0f} ms")
    print(f"the probe adds {in_words(added, 100, ' %')} to an epoch of {STEPS_OF_EPOCH} steps")
    training.monitor.finish()
    rows = [row for row in livecca.read_run(folder / "probe").of(livecca.OverheadRow)]
    solving = statistics.median(row.solve_seconds + row.accumulate_seconds for row in rows)
    print(f"beside it: livecca's threads work {1e3 * solving:.0f} ms for a snapshot")


def memory(folder: Path, probe: torch.Tensor, steps: int) -> None:
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    x = torch.randn(128, 64)
    monitor = livecca.torch.Monitor(
        model, "*", probe=torch.randn(200, 64).split(100), run_dir=folder / "memory",
        train_stream=livecca.Schedule.every_steps(1), keep_history=False, compare_before=[],
    )  # fmt: skip
    sizes = []
    for number in range(steps):
        model(x).sum().backward()
        model.zero_grad()
        monitor.step()
        if number % (steps // 10) == steps // 10 - 1:
            _ = monitor.snapshot().rows
            sizes.append(resident_megabytes())
    monitor.finish()
    print(f"resident memory over {steps} steps, in MB: " + " ".join(f"{s:.1f}" for s in sizes))


def resident_megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1e3
    raise OSError("no VmRSS in /proc/self/status")


def calls() -> None:
    """What a hook that does not observe adds to a call of the network, and a call of step()."""
    model = nn.Identity()
    x = torch.zeros(1)

    def least(work: object, times: int = 2000) -> float:
        best = float("inf")
        for _ in range(40):
            begin = time.perf_counter()
            for _ in range(times):
                work()
            best = min(best, (time.perf_counter() - begin) / times)
        return best

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    outer = Outer()
    bare = least(lambda: outer(x))
    handle = outer.register_forward_pre_hook(lambda *_: None, with_kwargs=True)
    empty = least(lambda: outer(x))
    handle.remove()
    with tempfile.TemporaryDirectory() as folder:
        monitor = livecca.torch.Monitor(
            outer, "inner", probe=[x], run_dir=folder,
            train_stream=livecca.Schedule.every_steps(10**9),
        )  # fmt: skip
        outer(x)
        monitor.step()  # the first pass is due, later ones are not
        outer(x)
        hooked = least(lambda: outer(x))
        step = least(monitor.step)
        tap = least(lambda: livecca.torch.tap("t", x))
        monitor.close()
    print(
        f"µs: the network's hook {1e6 * (hooked - bare):.2f} a call (one that does nothing "
        f"{1e6 * (empty - bare):.2f}), hooks of layers 0, step() {1e6 * step:.2f}, "
        f"tap() {1e6 * tap:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--steps", type=int, default=20_000, help="of the test of memory")
    options = parser.parse_args()
    torch.manual_seed(1)
    probe = torch.randn(1000, 3, 32, 32)
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, batches of 128")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls()
        train_stream(folder, probe, options.rounds)
        probe_pass(folder, probe, max(options.rounds // 4, 3))
        memory(folder, probe, options.steps)


if __name__ == "__main__":
    main()
