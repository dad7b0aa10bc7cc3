"""The CPU as a device that is far away."""

from __future__ import annotations

import pytest
import torch

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
