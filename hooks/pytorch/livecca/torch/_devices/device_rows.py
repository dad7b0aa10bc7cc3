"""Brings rows of activations from a device, such as a GPU, beside training."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import torch

from livecca._errors import Error
from livecca._row_choice import TakesRows
from livecca.torch._devices.gathering import Gathered, RowChoice, gather
from livecca.torch._hearing.hearing import Heard

_Tap = TypeVar("_Tap")


class Device(Protocol):
    """How tensors come to a device and from it."""

    def upload(self, tensor: torch.Tensor) -> torch.Tensor:
        """A tensor in the CPU's memory, on the device. Does not wait for the device."""

    def fetch(self, tensor: torch.Tensor) -> torch.Tensor:
        """A copy in the CPU's memory, which is there after wait(). Nobody may change the tensor."""

    def wait(self) -> None:
        """Waits for what was fetched so far."""


class CudaDevice:
    """Rows travel into pinned memory on a stream of their own, so training's goes on.

    Parameters
    ----------
    device
        The GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        make_stream: Any = torch.cuda.Stream  # not typed in every version
        self._stream = make_stream(device)
        self._arrived: Any = None

    def upload(self, tensor: torch.Tensor) -> torch.Tensor:
        """As of :class:`Device`: on the stream that the caller's kernels go to."""
        return tensor.pin_memory().to(self._device, non_blocking=True)

    def fetch(self, tensor: torch.Tensor) -> torch.Tensor:
        """As of :class:`Device`."""
        host = torch.empty_like(tensor, device="cpu", pin_memory=True)
        # What is fetched was gathered on the caller's stream: the copy waits for that, on the GPU.
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            host.copy_(tensor, non_blocking=True)
        # PyTorch must not use this memory again for a later tensor before the copy is done.
        tensor.record_stream(self._stream)
        self._arrived = self._stream.record_event()
        return host

    def wait(self) -> None:
        """As of :class:`Device`: only for this stream, and so for training up to the last fetch."""
        if self._arrived is not None:
            self._arrived.synchronize()
            self._arrived = None


class PlainDevice:
    """A device without streams of its own that this knows: copies wait."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def upload(self, tensor: torch.Tensor) -> torch.Tensor:
        """As of :class:`Device`."""
        return tensor.to(self._device)

    def fetch(self, tensor: torch.Tensor) -> torch.Tensor:
        """As of :class:`Device`, but it waits."""
        return tensor.cpu()

    def wait(self) -> None:
        """As of :class:`Device`: everything is there."""


def device_for(device: torch.device) -> Device | None:
    """How to reach a device; None: its memory is the CPU's."""
    if device.type == "cpu":
        return None
    return CudaDevice(device) if device.type == "cuda" else PlainDevice(device)


class Devices:
    """The devices that activations came from so far."""

    def __init__(self) -> None:
        self._known: dict[torch.device, Device | None] = {}

    def of(self, device: torch.device) -> Device | None:
        """How to reach a device; None: its memory is the CPU's."""
        if device not in self._known:
            self._known[device] = device_for(device)
        return self._known[device]


@dataclass(frozen=True)
class _OnItsWay(Generic[_Tap]):
    """An activation that was gathered and is not observed yet."""

    tap: _Tap
    rows: torch.Tensor
    positions: torch.Tensor | None
    shape: tuple[int, int, int, int, int] | None  # None: the rows are the whole activation
    valid: torch.Tensor | None
    checks: tuple[tuple[torch.Tensor, str], ...]
    refuse: Callable[[str], None]


class DeviceRows(Generic[_Tap]):
    """The rows of one step that come from devices.

    Rows are gathered at once, by the stream that made the activation, so what changes it afterwards
    is not seen. They are observed when they have arrived, in the order in which they were heard.

    Parameters
    ----------
    step
        A step of a monitor, which is left open, or a batch of a recorder.
    devices
        How to reach devices.
    """

    def __init__(self, step: TakesRows[_Tap], devices: Devices) -> None:
        self._step = step
        self._devices = devices
        self._choice = RowChoice(step, self._upload)
        self._on_their_way: list[_OnItsWay[_Tap]] = []
        self._waited_for: list[Device] = []

    @property
    def are_travelling(self) -> bool:
        """Whether hand_over() has something to observe."""
        return bool(self._on_their_way)

    def take(self, tap: _Tap, heard: Heard, refuse: Callable[[str], None]) -> bool:
        """Gathers the rows of an activation. Returns False if it lies in the CPU's memory.

        Parameters
        ----------
        tap
            Of the step.
        heard
            The activation.
        refuse
            Called by hand_over() with the reason if the core does not take it.
        """
        if self._devices.of(heard.tensor.device) is None:
            return False
        begin = time.perf_counter()
        try:
            self._take(tap, heard, refuse)
        finally:
            self._step.add_observing_time(time.perf_counter() - begin)
        return True

    def hand_over(self) -> None:
        """Waits for the rows and observes them."""
        begin = time.perf_counter()
        for device in self._waited_for:
            device.wait()
        self._step.add_observing_time(time.perf_counter() - begin)
        on_their_way, self._on_their_way = self._on_their_way, []
        for one in on_their_way:
            try:
                self._observe(one)
            except Exception as reason:
                one.refuse(str(reason) or type(reason).__name__)

    def _take(self, tap: _Tap, heard: Heard, refuse: Callable[[str], None]) -> None:
        if _is_capturing(heard.tensor.device):
            raise Error(
                "expected a layer that runs, got one that is captured into a CUDA graph, whose "
                "replays call no hooks"
            )
        tensor, valid = heard.tensor.detach(), heard.valid
        on_device = None if valid is None else self._upload(valid, tensor.device)
        gathered = gather(tensor, heard.reading, on_device, self._choice)
        if gathered is None:  # all of it is needed
            gathered = Gathered(tensor.clone(), None, None)
        elif valid is not None:
            valid = valid[: gathered.images]
        self._on_their_way.append(
            _OnItsWay(
                tap,
                self._fetch(gathered.rows),
                None if gathered.positions is None else self._fetch(gathered.positions),
                gathered.shape,
                None if valid is None else self._fetch(valid.clone()),
                tuple((self._fetch(check.holds), check.problem) for check in heard.checks),
                refuse,
            )
        )

    def _observe(self, one: _OnItsWay[_Tap]) -> None:
        for holds, problem in one.checks:
            if not bool(holds):
                raise Error(problem)
        if one.shape is None:
            self._step.observe(one.tap, one.rows, one.valid)
        else:
            self._step.observe_gathered(one.tap, one.rows, one.positions, one.shape, one.valid)

    def _upload(self, tensor: torch.Tensor, where: torch.device) -> torch.Tensor:
        device = self._devices.of(where)
        return tensor if device is None or tensor.device == where else device.upload(tensor)

    def _fetch(self, tensor: torch.Tensor) -> torch.Tensor:
        device = self._devices.of(tensor.device)
        if device is None:
            return tensor
        if device not in self._waited_for:
            self._waited_for.append(device)
        return device.fetch(tensor)


def _is_capturing(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_current_stream_capturing()
