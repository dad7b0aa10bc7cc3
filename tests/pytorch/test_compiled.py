"""Which outputs of compiled code can be heard."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

from livecca.torch._hearing.compiled import compiled_in, hear_outputs


def block() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU()))


def compiled(module: nn.Module, how: str) -> Any:
    if how == "wrapped":
        return torch.compile(module, backend="eager")
    module.compile(backend="eager")
    return module


def test_nothing_is_found_where_nothing_is_compiled() -> None:
    torch.compile(nn.Identity(), backend="eager")  # elsewhere
    found = compiled_in(block())
    assert not found.inside and not found.called


@pytest.mark.parametrize("how", ["wrapped", "in place"])
@pytest.mark.parametrize("checkpointed", [False, True])
def test_what_is_called_instead_of_a_compiled_block(how: str, checkpointed: bool) -> None:
    inner = block()
    outer = compiled(checkpoint_wrapper(inner) if checkpointed else inner, how)
    network = nn.ModuleDict({"a": block(), "b": outer})
    found = compiled_in(network)
    assert found.called == {id(inner): outer}
    assert set(found.inside) == {id(one) for one in inner.modules()}


@pytest.mark.parametrize("how", ["wrapped", "in place"])
def test_a_compiled_block_in_a_compiled_block_is_not_called_from_outside(how: str) -> None:
    inner = block()
    inner[1] = compiled(inner[1], how)
    part = inner[1]._orig_mod if how == "wrapped" else inner[1]
    assert compiled_in(inner).called == {id(part): inner[1]}
    outer = compiled(inner, how)
    found = compiled_in(nn.ModuleList([outer]))
    assert found.called == {id(inner): outer}
    assert id(part) in found.inside


def test_a_block_that_is_compiled_twice_is_heard_where_it_is_called() -> None:
    inner = compiled(block(), "in place")
    outer = compiled(inner, "wrapped")
    assert compiled_in(nn.ModuleList([outer])).called == {id(inner): outer}


@pytest.mark.parametrize("how", ["wrapped", "in place"])
@pytest.mark.parametrize("first", [0, 1])
def test_two_may_hear_and_leave_in_any_order(how: str, first: int) -> None:
    called = compiled(block(), how)
    code = called._compiled_call_impl
    heard: list[int] = []
    ends = [
        hear_outputs(called, lambda _, __, output, who=who: heard.append(who))  # type: ignore[misc]
        for who in range(2)
    ]
    x = torch.randn(2, 3)
    called(x)
    assert heard == [0, 1]
    ends[first]()
    called(x)
    assert heard == [0, 1, 1 - first]
    ends[1 - first]()
    called(x)
    assert len(heard) == 3
    assert called._compiled_call_impl is code and not called._forward_hooks


def test_code_that_was_made_anew_meanwhile_stays() -> None:
    called = compiled(block(), "in place")
    end = hear_outputs(called, lambda *_: None)
    called.compile(backend="eager")
    code = called._compiled_call_impl
    end()
    assert called._compiled_call_impl is code
