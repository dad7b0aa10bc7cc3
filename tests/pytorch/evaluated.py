"""Networks that a pass over the probe could change, and what they and their surroundings hold."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    """Has all that a pass could change: batch norm, dropout, a state, counts, a frozen part."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(6, 8)
        self.norm = nn.BatchNorm1d(8)
        self.frozen = nn.BatchNorm1d(8)
        self.dropout = nn.Dropout(0.5)
        self.fc2 = nn.Linear(8, 3)
        self.calls = 0
        self.state: torch.Tensor | None = None
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("cache", None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.seen += len(x)
        self.cache = x.detach()
        x = self.dropout(self.frozen(self.norm(self.fc1(x))).relu())
        self.state = x.detach() if self.state is None else self.state.mean() + x.detach()
        # Always random, as some augmentations are.
        return self.fc2(x + 0.1 * torch.rand_like(x) * self.state.mean() * self.calls)


class ForcesTraining(nn.Module):
    """Its batch norm trains even if the model is in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.norm.train()
        return self.norm(x)


def bits(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return (value.dtype, tuple(value.shape), value.detach().contiguous().numpy().tobytes())
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return {key: bits(part) for key, part in value.items()}
    return value


def states_of(model: nn.Module) -> dict[str, Any]:
    return {
        "weights": {name: bits(tensor) for name, tensor in model.state_dict().items()},
        "buffers": {name: (id(b), bits(b)) for name, b in model.named_buffers()},
        "modes": {name: module.training for name, module in model.named_modules()},
        "needs_grad": {name: p.requires_grad for name, p in model.named_parameters()},
        "grads": {name: bits(p.grad) for name, p in model.named_parameters()},
        "torch": bits(torch.get_rng_state()),
        "python": random.getstate(),
        "numpy": bits(np.random.get_state(legacy=False)["state"]),
        "grad": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "fastpath": torch.backends.mha.get_fastpath_enabled(),
        "cache": torch.is_autocast_cache_enabled(),
        "cudnn": (torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark),
    }


def use_everything(model: nn.Module) -> None:
    model(torch.randn(4, 6))
    random.random()
    np.random.rand()
    next(iter(DataLoader(TensorDataset(torch.zeros(4, 6)), batch_size=2)))
