"""Rows of activations on a device: which are gathered, and how they travel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca._monitor import Monitor as CoreMonitor
from livecca.torch import Monitor
from livecca.torch._devices.device_rows import CudaDevice, DeviceRows, Devices, PlainDevice
from livecca.torch._hearing.hearing import Heard
from livecca.torch._hearing.masks import Check, from_attention_mask, from_lengths, from_padding_mask
from livecca.torch._layers.readings import as_reading
from watched import Net

needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no GPU here: rows of one were not gathered"
)


class FarDevice:
    """The CPU as a device that is far away: what is fetched arrives when it is waited for."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.log: list[str] = [] if log is None else log
        self.numbers = 0  # of the elements that travelled
        self._on_their_way: list[tuple[torch.Tensor, torch.Tensor]] = []

    def upload(self, tensor: torch.Tensor) -> torch.Tensor:
        self.log.append("upload")
        return tensor.clone()

    def fetch(self, tensor: torch.Tensor) -> torch.Tensor:
        self.log.append("fetch")
        self.numbers += tensor.numel()
        host = torch.full_like(tensor, torch.nan if tensor.is_floating_point() else 1)
        self._on_their_way.append((host, tensor))
        return host

    def wait(self) -> None:
        self.log.append("wait")
        for host, tensor in self._on_their_way:
            host.copy_(tensor)
        self._on_their_way.clear()


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> FarDevice:
    device = FarDevice()
    monkeypatch.setattr("livecca.torch._devices.device_rows.device_for", lambda _: device)
    return device


def solved(run_dir: Path, *takes: Any, step_options: dict[str, Any], **options: Any) -> Any:
    """All that is kept of two steps: rows of the snapshot, and the activations in the history."""
    with CoreMonitor(
        run_dir, synchronous=True, history_precision="exact", measures=["pwcca", "linear_cka"],
        **options,
    ) as monitor:  # fmt: skip
        tap = monitor.watch("net", "fc", **step_options)
        for take in takes:
            with monitor.begin("probe", 0) as step:
                take(step, tap)
        monitor.snapshot(0).rows  # noqa: B018
        [pack] = (run_dir / "history").glob("*.safetensors")
        content = pack.read_bytes()
    run = livecca.read_run(run_dir)
    layers = run.of(livecca.LayerRow)
    assert [row.layer for row in layers] == ["fc"] and layers[0].samples > 0
    return content, layers, watched.events(run_dir)


def left_to_right(lengths: list[int], steps: int) -> torch.Tensor:
    return torch.arange(steps) < torch.tensor(lengths).unsqueeze(1)


RAGGED = left_to_right([3, 7, 0, 5, 7, 1], 7)
HOLES = torch.rand(6, 7, generator=torch.Generator().manual_seed(2)) < 0.6

CASES: list[tuple[Any, tuple[int, ...], torch.Tensor | None]] = [
    ("nc", (6, 9), None),
    ("nchw", (6, 9, 4, 5), None),
    ("nhwc", (6, 4, 5, 9), None),
    ("ncl", (6, 9, 7), None),
    ("ncdhw", (6, 9, 2, 3, 4), None),
    ("ntc", (6, 7, 9), None),
    ("ntc", (6, 7, 9), RAGGED),
    ("ntc", (6, 7, 9), RAGGED.flip(1)),
    ("tnc", (7, 6, 9), HOLES),
    (("ntc", "last"), (6, 7, 9), None),
    (("ntc", "last"), (6, 7, 9), HOLES),
    (("tnc", "step", 3), (7, 6, 9), RAGGED),
    (("ntc", "step", 9), (6, 7, 9), None),
    (("nchw", "flattened"), (6, 9, 4, 5), None),
    (("ntc", "flattened"), (6, 7, 9), RAGGED),
    (("nchw", "pooled"), (6, 9, 4, 5), None),
    (("ntc", "pooled"), (6, 7, 9), HOLES),
]


@pytest.mark.parametrize("options", [
    {"positions": 3, "position_seed": 5}, {"positions": 3, "max_features": 4, "feature_seed": 8},
    {"positions": None}, {"positions": None, "max_features": 4}, {"positions": 1000},
])  # fmt: skip
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[2] is not None}")
def test_gathered_rows_are_those_that_the_core_takes(
    tmp_path: Path, far: FarDevice, case: Any, options: dict[str, Any]
) -> None:
    declared, shape, valid = case
    reading = as_reading(declared, "here")
    tensors = [torch.randn(shape), torch.randn(shape)]

    def observe(number: int) -> Any:
        return lambda step, tap: step.observe(tap, tensors[number], valid)

    def gather(number: int) -> Any:
        def take(step: Any, tap: Any) -> None:
            rows = DeviceRows(step, Devices())
            heard = Heard("fc", tensors[number], reading, valid)
            assert rows.take(tap, heard, pytest.fail)
            rows.hand_over()

        return take

    reads = {"layout": reading.layout, "samples": reading.samples, "step": reading.step}
    if reading.step == 9:  # no sequence has it
        for take in (observe, gather):
            with pytest.raises(AssertionError):
                solved(tmp_path / take.__name__, take(0), step_options=reads, **options)
        return
    both = [
        solved(tmp_path / take.__name__, take(0), take(1), step_options=reads, **options)
        for take in (observe, gather)
    ]
    assert both[0] == both[1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("memory", ["contiguous", "channels last", "every second", "expanded"])
def test_types_and_strides(tmp_path: Path, far: FarDevice, dtype: torch.dtype, memory: str) -> None:
    tensor = torch.randn(6, 8, 6, 10).to(dtype)
    if memory == "channels last":
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    elif memory == "every second":
        tensor = tensor[:, ::2, ::2, ::2]
    elif memory == "expanded":
        tensor = tensor[:, :, :1].expand(6, 8, 6, 10)

    def gather(step: Any, tap: Any) -> None:
        rows = DeviceRows(step, Devices())
        rows.take(tap, Heard("fc", tensor, as_reading("nchw", "here"), None), pytest.fail)
        rows.hand_over()

    takes = (lambda step, tap: step.observe(tap, tensor), gather)
    for options in ({"positions": 4}, {"positions": None}):
        both = [
            solved(tmp_path / f"{options}-{i}", take, step_options={"layout": "nchw"}, **options)
            for i, take in enumerate(takes)
        ]
        assert both[0] == both[1]


def test_the_default_device_does_not_matter(tmp_path: Path, far: FarDevice) -> None:
    tensor, reading = torch.randn(20, 7, 9), as_reading("ntc", "here")
    valid = torch.rand(20, 7) < 0.7

    def gather(step: Any, tap: Any) -> None:
        rows = DeviceRows(step, Devices())
        with torch.device("meta"):
            rows.take(tap, Heard("fc", tensor, reading, valid), pytest.fail)
            rows.hand_over()

    takes = (lambda step, tap: step.observe(tap, tensor, valid), gather)
    both = [
        solved(tmp_path / f"{i}", take, step_options={"layout": "ntc"}, positions=3, max_features=4)
        for i, take in enumerate(takes)
    ]
    assert both[0] == both[1]


def test_only_the_chosen_rows_travel(tmp_path: Path, far: FarDevice) -> None:
    with CoreMonitor(tmp_path / "run", positions=4, max_features=8, synchronous=True) as monitor:
        tap = monitor.watch("net", "conv", "nchw")
        with monitor.begin("probe", 0) as step:
            rows = DeviceRows(step, Devices())
            heard = Heard("conv", torch.randn(10, 64, 32, 32), as_reading("nchw", "here"), None)
            rows.take(tap, heard, pytest.fail)
            rows.hand_over()
    # 10 images × 4 positions × 8 features, and where these positions are.
    assert far.numbers == 10 * 4 * 8 + 10 * 4


def test_a_part_of_the_batch(tmp_path: Path, far: FarDevice) -> None:
    """The overhead budget may take the first images of a batch only."""

    class Step:
        def __init__(self, step: Any) -> None:
            self.step, self.seen = step, dict[str, Any]()

        def images(self, count: int) -> int:
            return count // 2

        def observe_gathered(
            self, _: Any, rows: Any, positions: Any, shape: Any, mask: Any
        ) -> None:
            self.seen = {"rows": rows, "positions": positions, "shape": shape, "mask": mask}

        def __getattr__(self, name: str) -> Any:
            return getattr(self.step, name)

    x = torch.randn(6, 7, 9)
    for declared in ("ntc", ("ntc", "last"), ("ntc", "flattened")):
        with CoreMonitor(tmp_path / f"{declared}", positions=None, synchronous=True) as monitor:
            reading = as_reading(declared, "here")
            tap = monitor.watch("net", "fc", "ntc", samples=reading.samples)
            step = Step(monitor.begin("probe", 0))
            rows = DeviceRows(step, Devices())  # type: ignore[arg-type]
            rows.take(tap, Heard("fc", x, reading, torch.ones(6, 7).bool()), pytest.fail)
            rows.hand_over()
            step.step.discard()
        assert step.seen["shape"] == (3, 9, 1, 1, 7) and step.seen["mask"].shape == (3, 7)
        expected = {"positions": x[:3].reshape(21, 9), "last": x[:3, -1]}.get(
            reading.samples, x[:3].transpose(1, 2).reshape(3, 63)
        )
        assert torch.equal(step.seen["rows"], expected)


def test_a_run_is_the_same_with_rows_from_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Images(nn.Module):
        """Changes in place what was heard, also behind autograd's back."""

        def __init__(self, seed: int) -> None:
            super().__init__()
            torch.manual_seed(seed)
            self.conv = nn.Conv2d(1, 5, 3)
            self.relu = nn.ReLU(inplace=True)
            self.fc = nn.Linear(5, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.relu(self.conv(x))
            y = self.fc(x.mean((2, 3)))
            y.data.add_(0.25)
            return y

    def run(run_dir: Path) -> tuple[Any, nn.Module]:
        model = Images(1)
        x = torch.randn(80, 1, 8, 8, generator=torch.Generator().manual_seed(3))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        with Monitor(
            model, ["conv", "relu", "fc"], probe=x.split(32), run_dir=run_dir, synchronous=True,
            references={"other": Images(2)}, train_stream=livecca.Schedule.every_steps(2),
        ) as monitor:  # fmt: skip
            for epoch in range(2):
                for part in x.split(16):
                    optimizer.zero_grad()
                    model(part).square().mean().backward()
                    optimizer.step()
                    monitor.step()
                monitor.snapshot(epoch)
        return livecca.read_run(run_dir).of(livecca.MeasureRow), model

    near, near_model = run(tmp_path / "near")
    device = FarDevice()
    monkeypatch.setattr("livecca.torch._devices.device_rows.device_for", lambda _: device)
    far, far_model = run(tmp_path / "far")
    assert far == near and device.log.count("wait") > 4
    assert {row.stream for row in far if row.value is not None} == {"probe", "train"}
    assert watched.same_weights(near_model, far_model)
    kept = [sorted((tmp_path / name / "history").glob("*.safetensors")) for name in ("near", "far")]
    assert len(kept[0]) == 2
    for one, other in zip(*kept, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch, far: FarDevice) -> list[str]:
    """Logs what reaches the core, among what the device does."""
    for method in ("observe", "observe_gathered"):
        real = getattr(livecca._monitor.Step, method)

        def log(step: Any, tap: Any, *rest: Any, real: Any = real) -> None:
            far.log.append(tap.layer)
            real(step, tap, *rest)

        monkeypatch.setattr(f"livecca._monitor.Step.{method}", log)
    for method in ("commit", "discard"):
        real = getattr(livecca._monitor.Step, method)

        def end(step: Any, real: Any = real, method: str = method) -> None:
            far.log.append(method)
            real(step)

        monkeypatch.setattr(f"livecca._monitor.Step.{method}", end)
    return far.log


def heard_in_training(model: nn.Module, run_dir: Path) -> Monitor:
    return Monitor(
        model, ["fc1", "relu", "fc2"], run_dir=run_dir, synchronous=True,
        train_stream=livecca.Schedule.every_steps(1),
    )  # fmt: skip


X, _ = watched.data(rows=20)
ARRIVED = ["wait", "fc1", "relu", "fc2", "commit"]


def test_training_waits_for_rows_only_when_its_step_ends(
    tmp_path: Path, observed: list[str]
) -> None:
    model = Net()
    with heard_in_training(model, tmp_path / "run") as monitor:
        for _ in range(2):
            observed.clear()
            model(X).sum().backward()
            assert set(observed) == {"fetch"}
            observed.clear()
            monitor.step()
            assert observed == ARRIVED
        observed.clear()
        monitor.step()  # nothing was called
        assert observed == ["discard"]  # of the step that tells so
    assert watched.train_samples(tmp_path / "run") == {}


@pytest.mark.parametrize("end", ["snapshot", "finish", "close"])
def test_rows_of_the_last_step_are_not_lost(tmp_path: Path, observed: list[str], end: str) -> None:
    model = Net()
    with heard_in_training(model, tmp_path / "run") as monitor:
        for _ in range(2):
            monitor.step()
            observed.clear()
            model(X).sum().backward()
        assert set(observed) == {"fetch"}
        observed.clear()
        getattr(monitor, end)()
        assert observed[: len(ARRIVED)] == ARRIVED
    told = {event.what for event in watched.events(tmp_path / "run")}
    assert "after_finish" not in told


def test_a_pass_that_fails_hands_nothing_over(tmp_path: Path, observed: list[str]) -> None:
    class Failing(Net):
        fails = True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = super().forward(x)
            if self.fails:
                raise ValueError("of the user")
            return y

    model = Failing()
    with heard_in_training(model, tmp_path / "run") as monitor:
        with pytest.raises(ValueError, match="of the user"):
            model(X)
        monitor.step()
        assert set(observed) == {"fetch", "discard"}
        model.fails = False
        observed.clear()
        model(X).sum().backward()
        monitor.step()
        assert observed[-len(ARRIVED) :] == ARRIVED
        monitor.snapshot(0)
    assert watched.train_samples(tmp_path / "run") == {"fc1": 20, "relu": 20, "fc2": 20}


def test_what_the_core_refuses_is_told(tmp_path: Path, far: FarDevice) -> None:
    refused: list[str] = []
    with CoreMonitor(tmp_path / "run", synchronous=True) as monitor:
        tap = monitor.watch("net", "fc", "nc")
        with monitor.begin("probe", 0) as step:
            rows = DeviceRows(step, Devices())
            for _ in range(2):
                heard = Heard("fc", torch.randn(20, 3), as_reading("nc", "here"), None)
                rows.take(tap, heard, refused.append)
            assert refused == []
            rows.hand_over()
    assert len(refused) == 1 and "got a second one" in refused[0]


def test_rows_that_the_core_would_not_choose_give_no_numbers(tmp_path: Path) -> None:
    with CoreMonitor(tmp_path / "run", positions=2, synchronous=True) as monitor:
        tap = monitor.watch("net", "conv", "ncl")
        with monitor.begin("probe", 0) as step:
            chosen = torch.tensor(step.positions(3, 9, 9)[0]).long()
            wrong = chosen.flip(1).reshape(-1)
            step.observe_gathered(tap, torch.randn(6, 4), wrong, (3, 4, 1, 1, 9))
        monitor.snapshot(0)
    [event] = watched.events(tmp_path / "run", "shape_changed")
    assert "expected rows gathered at the positions that the seed and the mask choose" in (
        event.message
    )


@pytest.mark.parametrize("make", [
    lambda later: from_attention_mask(torch.ones(3, 4, device="meta"), later=later),
    lambda later: from_padding_mask(torch.ones(3, 4, device="meta"), later=later),
    lambda later: from_lengths(torch.ones(3, device="meta").long(), 4, later=later),
])  # fmt: skip
def test_masks_on_a_device_are_checked_later(make: Any) -> None:
    later: list[Any] = []
    assert make(later).shape == (3, 4)
    [check] = later
    assert check.holds.device.type == "meta" and "expected" in check.problem
    with pytest.raises((RuntimeError, NotImplementedError)):  # it has no values
        make(None)


def test_a_mask_that_is_none_is_refused_when_its_rows_arrive(
    tmp_path: Path, far: FarDevice
) -> None:
    refused: list[str] = []
    with CoreMonitor(tmp_path / "run", synchronous=True) as monitor:
        tap = monitor.watch("net", "fc", "ntc")
        with monitor.begin("probe", 0) as step:
            rows = DeviceRows(step, Devices())
            mask = torch.ones(20, 4).bool()
            checks = (Check(torch.tensor(True), "good"), Check(torch.tensor(False), "other values"))
            reading = as_reading("ntc", "here")
            rows.take(
                tap, Heard("fc", torch.randn(20, 4, 3), reading, mask, checks), refused.append
            )
            assert refused == []
            rows.hand_over()
    assert refused == ["other values"]
    with pytest.raises(livecca.Error, match="other values"):
        Heard("fc", torch.randn(20, 4, 3), reading, mask, checks).valid_on_cpu()


def test_a_device_without_streams() -> None:
    device = PlainDevice(torch.device("cpu"))
    tensor = torch.randn(3)
    assert torch.equal(device.fetch(device.upload(tensor)), tensor)
    device.wait()


def test_a_layer_that_is_captured_into_a_cuda_graph_is_left_alone(
    tmp_path: Path, observed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livecca.torch._devices.device_rows._is_capturing", lambda _: True)
    model = Net()
    with heard_in_training(model, tmp_path / "run") as monitor:
        model(X).sum().backward()
        monitor.step()
    assert observed == ["commit"]  # of nothing; no call went to the device
    told = watched.events(tmp_path / "run", "unwatchable")
    assert [event.subject for event in told] == ["net/fc1", "net/relu", "net/fc2"]
    assert "CUDA graph" in told[0].message


@needs_gpu
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_rows_of_a_gpu_are_those_of_the_cpu(tmp_path: Path, dtype: torch.dtype) -> None:
    for number, (declared, shape, valid) in enumerate(CASES):
        reading = as_reading(declared, "here")
        tensor = torch.randn(shape).to(dtype)
        if reading.step == 9:  # no sequence has it
            continue
        there = tensor.cuda()
        mask = None if valid is None else valid.cuda()

        def gather(step: Any, tap: Any) -> None:
            rows = DeviceRows(step, Devices())
            before = torch.cuda.get_sync_debug_mode()
            torch.cuda.set_sync_debug_mode("error")  # nothing may wait until they are handed over
            try:
                assert rows.take(tap, Heard("fc", there, reading, mask), pytest.fail)  # noqa: B023
                there.zero_()  # noqa: B023
            finally:
                torch.cuda.set_sync_debug_mode(before)
            rows.hand_over()

        takes = (lambda step, tap: step.observe(tap, tensor, valid), gather)  # noqa: B023
        reads = {"layout": reading.layout, "samples": reading.samples, "step": reading.step}
        both = [
            solved(tmp_path / f"{number}-{i}", take, step_options=reads, positions=3)
            for i, take in enumerate(takes)
        ]
        assert both[0] == both[1]


@needs_gpu
def test_a_gpu_is_waited_for_once() -> None:
    device = CudaDevice(torch.device("cuda", 0))
    there = torch.randn(1000, 1000, device="cuda")
    fetched = [device.fetch(there.clone()) for _ in range(3)]
    device.wait()
    assert all(one.is_pinned() and torch.equal(one, there.cpu()) for one in fetched)
