"""Rows of activations on a device: which are gathered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from far_device import FarDevice, needs_gpu

import livecca
import watched
from livecca._monitor import Monitor as CoreMonitor
from livecca.torch._devices.device_rows import DeviceRows, Devices
from livecca.torch._hearing.hearing import Heard
from livecca.torch._layers.readings import as_reading


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
