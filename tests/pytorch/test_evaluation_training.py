"""Training with passes over the probe is training without them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from evaluated import ForcesTraining, Net, bits, states_of
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from livecca import Error
from livecca.torch._probe.evaluation import leaves_no_trace


def train(watch: Callable[[nn.Module], None], compiled: bool = False) -> dict[str, Any]:
    """Trains a network with dropout and batch norm; `watch` is called before every step."""
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    net = Net()
    net.frozen.eval()
    model: nn.Module = torch.compile(net, backend="eager") if compiled else net  # type: ignore[assignment]
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    data = TensorDataset(torch.randn(24, 6), torch.randint(0, 3, (24,)))
    for _ in range(3):
        for x, label in DataLoader(data, batch_size=8, shuffle=True):
            watch(model)
            optimizer.zero_grad()
            noise = random.random() * 0.1 + np.random.rand() * 0.1
            loss = nn.functional.cross_entropy(model(x + noise), label)
            watch(model)  # between forward and backward
            loss.backward()
            optimizer.step()
    return states_of(net)["weights"] | {"calls": net.calls, "state": bits(net.state)}


def probe_pass(model: nn.Module) -> None:
    with leaves_no_trace(model):
        for (x,) in DataLoader(TensorDataset(torch.randn(10, 6)), batch_size=4, shuffle=True):
            model(x)
            random.random()
            np.random.rand()


def naive_pass(model: nn.Module) -> None:
    model.eval()
    with torch.no_grad():
        model(torch.zeros(4, 6))
    model.train()


@pytest.mark.usefixtures("place")
def test_training_with_passes_equals_training_without_bit_for_bit() -> None:
    without = train(lambda model: None)
    assert train(probe_pass) == without
    assert train(naive_pass) != without  # what this test is for


def test_no_gradients_are_recorded_but_may_be_asked_for() -> None:
    net = nn.Linear(2, 2)
    with leaves_no_trace(net):
        y = net(torch.randn(1, 2))
        assert not y.requires_grad
        assert not y.is_inference()
        with torch.enable_grad():  # as energy-based models do in their forward
            x = torch.randn(1, 2, requires_grad=True)
            (gradient,) = torch.autograd.grad(net(x).sum(), x)
        assert gradient.shape == (1, 2)
    assert torch.is_grad_enabled()
    with torch.no_grad():
        with leaves_no_trace(net):
            pass
        assert not torch.is_grad_enabled()


def test_what_a_network_keeps_from_a_pass_can_be_used_in_training() -> None:
    class Caches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)
            self.kept: dict[str, torch.Tensor] = {}

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scale = self.kept.setdefault("scale", torch.ones(2))
            return self.fc(x) * scale

    net = Caches()
    with leaves_no_trace(net):
        net(torch.randn(1, 2))
    net(torch.randn(1, 2)).sum().backward()  # fails with a tensor of inference_mode()


@pytest.mark.usefixtures("place")
def test_a_pass_works_within_inference_mode() -> None:
    net = ForcesTraining()
    before = states_of(net)
    with torch.inference_mode(), leaves_no_trace(net):
        net(torch.randn(4, 6))
    assert states_of(net) == before


def test_training_of_a_compiled_model_is_the_same_with_passes() -> None:
    torch._dynamo.reset()
    without = train(lambda model: None, compiled=True)
    torch._dynamo.reset()
    assert train(probe_pass, compiled=True) == without


def test_lazy_modules_must_be_initialised() -> None:
    model = nn.Sequential(nn.LazyLinear(3))
    with pytest.raises(Error, match=r"'0\.weight' of a lazy module"), leaves_no_trace(model):
        pass
    model(torch.randn(2, 4))
    with leaves_no_trace(model):
        model(torch.randn(2, 4))
