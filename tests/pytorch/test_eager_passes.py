"""What decides how a network runs in a pass: autocast, fast paths, compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from livecca.torch._probe.evaluation import leaves_no_trace


def test_autocast_is_the_callers() -> None:
    net = nn.Linear(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with leaves_no_trace(net):
            assert net(torch.randn(1, 2)).dtype == torch.bfloat16
        assert torch.is_autocast_cache_enabled()
        # With the cache on, PyTorch 2.4 takes the weight that was cast without gradients.
        net(torch.randn(1, 2)).float().sum().backward()
    assert net.weight.grad is not None
    with leaves_no_trace(net):
        assert net(torch.randn(1, 2)).dtype == torch.float32


@pytest.mark.parametrize("batch_first", [True, False])
def test_hooks_inside_transformers_are_called(batch_first: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=batch_first)
    called: list[str] = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: called.append(name))
    with leaves_no_trace(model):
        padding = torch.tensor([[False, False, True], [False, False, False]])
        y = model(torch.randn(2, 3, 8) if batch_first else torch.randn(3, 2, 8),
                  src_key_padding_mask=padding)  # fmt: skip
    assert not y.is_nested
    assert {"layers.0.linear1", "layers.1.norm2", "layers.1.self_attn"} <= set(called)
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_fast_path_that_was_off_stays_off() -> None:
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with leaves_no_trace(nn.Linear(2, 2)):
            pass
        assert not torch.backends.mha.get_fastpath_enabled()
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.fc(x))


class Compiled(nn.Module):
    """Counts on what runs: the compiler calls its backend once, and then the graph."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.graph_runs = 0
        self.inner: Any = Inner()
        if how == "child":
            self.inner = torch.compile(self.inner, backend=self.backend)
        elif how == "in place":
            self.inner.compile(backend=self.backend)

    def backend(self, graph: Any, _: Any) -> Callable[..., Any]:
        def run(*inputs: Any) -> Any:
            self.graph_runs += 1
            return graph.forward(*inputs)

        return run

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


@pytest.mark.parametrize("how", ["child", "in place", "whole"])
def test_compiled_models_run_eagerly_and_stay_compiled(how: str) -> None:
    torch._dynamo.reset()
    net = Compiled(how)
    model: Any = torch.compile(net, backend=net.backend) if how == "whole" else net
    x = torch.randn(3, 6)
    model(x)
    runs = net.graph_runs
    assert runs == 1
    with leaves_no_trace(model):
        model(x)
        assert net.graph_runs == runs
    model(x)
    assert net.graph_runs == runs + 1
