"""Rows of activations on a device: how they travel, and when they are waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from far_device import FarDevice, needs_gpu
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
def test_a_gpu_is_waited_for_once() -> None:
    device = CudaDevice(torch.device("cuda", 0))
    there = torch.randn(1000, 1000, device="cuda")
    fetched = [device.fetch(there.clone()) for _ in range(3)]
    device.wait()
    assert all(one.is_pinned() and torch.equal(one, there.cpu()) for one in fetched)
