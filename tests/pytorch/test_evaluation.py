"""A pass over the probe changes nothing that training sees."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest
import torch
from evaluated import ForcesTraining, Net, bits, states_of, use_everything
from torch import nn

from livecca.torch._probe import evaluation
from livecca.torch._probe.evaluation import leaves_no_trace


@pytest.fixture
def net() -> Net:
    net = Net()
    net.frozen.eval()
    net.fc1.weight.requires_grad_(False)
    net(torch.randn(5, 6)).sum().backward()
    return net


@pytest.mark.usefixtures("place")
def test_everything_is_as_before(net: Net) -> None:
    before, attributes = states_of(net), (net.calls, net.state, net.cache)
    with leaves_no_trace(net):
        use_everything(net)
        use_everything(net)
        changed = states_of(net)
        assert net.calls == 3
    assert states_of(net) == before
    assert (net.calls, net.state, net.cache) == attributes
    # What must have been restored did change, so this test can fail.
    for name in ("buffers", "modes", "torch", "python", "numpy", "grad", "fastpath", "cache"):
        assert changed[name] != before[name], name


@pytest.mark.usefixtures("place")
def test_everything_is_as_before_if_an_exception_ends_it(net: Net) -> None:
    before = states_of(net)
    with pytest.raises(RuntimeError, match="the pass failed"), leaves_no_trace(net):
        use_everything(net)
        raise RuntimeError("the pass failed")
    assert states_of(net) == before


def test_contexts_nest_and_take_several_models(net: Net) -> None:
    other = Net()
    before = states_of(net), states_of(other)
    with leaves_no_trace(net, other):
        use_everything(net)
        with leaves_no_trace(other):
            use_everything(other)
        assert not other.training
        use_everything(other)
    assert (states_of(net), states_of(other)) == before


def test_modules_are_in_evaluation_mode_without_the_users_train_method() -> None:
    class Merges(nn.Linear):
        """As adapters do: train() and eval() change the weights."""

        def train(self, mode: bool = True) -> Merges:
            with torch.no_grad():
                self.weight.mul_(3.0 if mode else 1 / 3.0)
            return super().train(mode)

    model = nn.Sequential(Merges(2, 2), nn.Dropout(), nn.BatchNorm1d(2).eval())
    before = states_of(model)
    with leaves_no_trace(model):
        assert not any(module.training for module in model.modules())
        assert bits(model[0].weight) == before["weights"]["0.weight"]
        x = torch.randn(4, 2)
        assert torch.equal(model(x), model(x))  # no dropout
    assert states_of(model) == before


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("nan", [False, True])
def test_batch_norm_that_is_forced_to_train_gets_its_statistics_back(nan: bool) -> None:
    model = ForcesTraining()
    model(torch.randn(4, 6))
    if nan:
        model.norm.running_mean[0] = torch.nan
    before = states_of(model)
    with leaves_no_trace(model):
        model(torch.randn(4, 6))
        assert states_of(model)["weights"] != before["weights"]
        assert model.norm.num_batches_tracked == 2
    assert states_of(model) == before


@pytest.mark.usefixtures("place")
def test_buffers_that_are_replaced_or_resized_come_back() -> None:
    model = nn.BatchNorm1d(3)
    assert model.running_mean is not None
    mean, values = model.running_mean, model.running_mean.clone()
    with leaves_no_trace(model):
        model.running_mean = torch.ones(5)
        mean.resize_(7).fill_(3)
    assert model.running_mean is mean
    assert torch.equal(mean, values)


@pytest.mark.parametrize(
    "buffer",
    [
        torch.zeros(3, dtype=torch.complex64),
        torch.tensor(2.0, dtype=torch.bfloat16),
        torch.zeros(0),
        torch.zeros(3, dtype=torch.bool),
        torch.ones(4, 3).t(),
        torch.ones(3).expand(2, 3),
        torch.eye(3).to_sparse(),
        torch.zeros(3, device="meta"),
    ],
)
@pytest.mark.usefixtures("place")
def test_buffers_of_every_kind_are_kept(buffer: torch.Tensor) -> None:
    model = nn.Module()
    model.register_buffer("buffer", buffer)
    before = buffer.clone()
    with leaves_no_trace(model):
        if 0 not in buffer.shape and (buffer.is_sparse or 0 not in buffer.stride()):
            buffer.copy_(buffer + buffer) if buffer.is_sparse else buffer.fill_(3)
            assert buffer.is_meta or not torch.equal(buffer.to_dense(), before.to_dense())
        model.buffer = torch.zeros(1)
    assert model.buffer is buffer
    if not buffer.is_meta:
        assert torch.equal(buffer.to_dense(), before.to_dense())


def test_buffers_on_a_device_are_not_looked_at(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look would wait for all that the device has to do."""
    monkeypatch.setattr(evaluation, "_is_on_device", lambda _: True)
    monkeypatch.setattr(
        "livecca.torch._probe.evaluation._same_bits", lambda *_: pytest.fail("looked")
    )
    before = states_of(net)
    with leaves_no_trace(net):
        use_everything(net)
    assert states_of(net) == before


@pytest.mark.usefixtures("place")
def test_a_buffer_that_did_not_change_is_not_written() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("scale", torch.tensor([2.0, torch.nan]))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.scale

    model = Scaled()
    x = torch.ones(2, requires_grad=True)
    waits = model(x).sum()  # its backward pass needs the buffer as it was
    with leaves_no_trace(model):
        model(x)
    waits.backward()


def test_generators_of_devices_are_kept_if_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    class Devices:
        """Two devices of a kind, as torch.cuda shows them."""

        def __init__(self) -> None:
            self.states = [torch.tensor([1]), torch.tensor([2])]
            self.initialised = True

        def is_initialized(self) -> bool:
            return self.initialised

        def device_count(self) -> int:
            return len(self.states)

        def get_rng_state(self, device: int) -> torch.Tensor:
            assert self.initialised, "asking initialises the device"
            return self.states[device].clone()

        def set_rng_state(self, state: torch.Tensor, device: int) -> None:
            self.states[device] = state

    devices = Devices()
    monkeypatch.setattr(evaluation.torch, "cuda", devices)
    with leaves_no_trace(nn.Linear(2, 2)):
        devices.states = [torch.tensor([5]), torch.tensor([6])]
    assert [int(state) for state in devices.states] == [1, 2]
    devices.initialised = False
    with leaves_no_trace(nn.Linear(2, 2)):
        pass


@pytest.mark.filterwarnings("error")
def test_another_default_generator_of_numpy_is_kept() -> None:
    original = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(3))
    try:
        before = copy.deepcopy(np.random.get_state(legacy=False))
        with leaves_no_trace(nn.Linear(2, 2)):
            np.random.rand()
            assert np.random.get_state(legacy=False) != before
        assert np.random.get_state(legacy=False) == before
    finally:
        np.random.set_bit_generator(original)


class Remembering(nn.Module):
    """Keeps much in attributes of its own, and changes it in every pass."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.state = torch.zeros(3)  # no buffer
        self.seen: list[float] = [0.5]
        self.counts: dict[str, int] = {"passes": 0}
        self.noise = torch.Generator().manual_seed(1)
        self.numpy = np.random.default_rng(1)
        self.dice = random.Random(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.state += x.detach().mean(0)
        self.seen.append(float(self.state[0]))
        self.counts["passes"] += 1
        self.counts[f"pass {len(self.seen)}"] = 1
        noise = torch.randn(3, generator=self.noise)
        return self.fc(x) + noise + float(self.numpy.normal()) + self.dice.random() + self.state


def test_what_a_network_keeps_in_attributes_is_as_before() -> None:
    def run(with_pass: bool) -> tuple[torch.Tensor, Any]:
        model = Remembering()
        torch.nn.init.ones_(model.fc.weight)
        torch.nn.init.ones_(model.fc.bias)
        x = torch.arange(6.0).reshape(2, 3)
        model(x)
        if with_pass:
            with leaves_no_trace(model):
                model(x + 1)
        seen, counts = list(model.seen), dict(model.counts)
        return model(x), (seen, counts, model.state.tolist())

    alone, kept_alone = run(False)
    beside, kept_beside = run(True)
    assert torch.equal(alone, beside) and kept_alone == kept_beside


def test_a_pass_that_fails_puts_attributes_back_too() -> None:
    model = Remembering()
    with pytest.raises(RuntimeError), leaves_no_trace(model):
        model(torch.zeros(2, 4))
    assert model.seen == [0.5] and model.state.tolist() == [0, 0, 0]
