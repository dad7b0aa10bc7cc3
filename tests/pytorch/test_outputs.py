"""Which tensor of a module's output is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence

from livecca import Error
from livecca.torch._layers.layers import Layer, select_layers
from livecca.torch._layers.outputs import activation_of

LAYER = Layer("encoder", nn.Identity())
X = torch.arange(6.0).reshape(2, 3)
Y = -X


@dataclass
class Output:
    aux: None
    hidden: torch.Tensor
    other: torch.Tensor


class Named(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


@pytest.mark.parametrize(
    "output",
    [X, (X, Y), [X, Y], [None, X], {"a": X, "b": Y}, Output(None, X, Y), Named(X, Y),
     ((X, Y), Y), {"states": (X,), "b": Y}, (torch.tensor(0.5), X), X.requires_grad_(False)],
)  # fmt: skip
def test_the_first_tensor_with_axes_is_the_activation(output: object) -> None:
    found = activation_of(LAYER, output)
    assert found.tensor.data_ptr() == X.data_ptr()  # the memory itself
    assert torch.equal(found.tensor, X)
    assert found.valid is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_floating_point_stays_what_it_is(dtype: torch.dtype) -> None:
    x = X.to(dtype).requires_grad_()
    found = activation_of(LAYER, x * 2).tensor
    assert found.dtype == dtype
    assert not found.requires_grad


def test_strides_stay_what_they_are() -> None:
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert activation_of(LAYER, x).tensor.stride() == x.stride()


def test_a_selector_goes_first() -> None:
    found = activation_of(LAYER, {"a": X, "b": Y}, lambda output: output["b"])
    assert torch.equal(found.tensor, Y)


def test_a_selector_that_fails_is_told_with_what_it_got() -> None:
    with pytest.raises(Error, match=r"layer 'encoder': .* dict with 'a', got KeyError: 'c'"):
        activation_of(LAYER, {"a": X}, lambda output: output["c"])
    with pytest.raises(Error, match="got None"):
        activation_of(LAYER, X, lambda output: None)


@pytest.mark.parametrize("output", [None, (), {}, "text", (None, 3), [], 7, (torch.tensor(1.0),)])
def test_an_output_without_a_tensor_is_refused_with_the_way_out(output: object) -> None:
    with pytest.raises(Error, match=r"layer 'encoder': expected an output with a tensor") as told:
        activation_of(LAYER, output)
    assert "outputs={'encoder': lambda output: …}" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("tensor", "word"),
    [
        (lambda: torch.zeros(2, 3, dtype=torch.complex64), "complex"),
        (lambda: torch.zeros(2, 3, dtype=torch.int64), "int64"),
        (lambda: torch.zeros(2, 3, dtype=torch.bool), "bool"),
        (lambda: torch.zeros(2, 3, dtype=torch.float8_e5m2), "float8_e5m2"),
        (lambda: X.to_sparse(), "sparse"),
        (lambda: X.to_sparse_csr(), "sparse"),
        (lambda: torch.quantize_per_tensor(X, 0.1, 0, torch.quint8), "quantized"),
        (lambda: torch.zeros(2, 3, device="meta"), "meta"),
        (lambda: torch.nested.nested_tensor([X, X[:1]]), "nested"),
        (lambda: torch.nested.nested_tensor([X, X[:1]], layout=torch.jagged), "nested"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tensor: Any, word: str) -> None:
    for output in (tensor(), (tensor(), X)):
        with pytest.raises(
            Error, match=f"layer 'encoder': expected a dense tensor.*{word}"
        ) as told:
            activation_of(LAYER, output)
        assert "\n" not in str(told.value)


def test_a_fake_tensor_is_refused() -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(), pytest.raises(Error, match="a FakeTensor"):
        activation_of(LAYER, torch.zeros(2, 3))


@pytest.mark.parametrize("transform", [torch.func.vmap, torch.func.grad])
def test_a_tensor_within_torch_func_is_refused(transform: Any) -> None:
    def look(x: torch.Tensor) -> torch.Tensor:
        with pytest.raises(Error, match="layer 'encoder': .*a tensor within torch.func"):
            activation_of(LAYER, x)
        return x.sum()

    transform(look)(torch.randn(3))


def test_parameters_and_negated_views_are_read() -> None:
    assert torch.equal(activation_of(LAYER, nn.Parameter(X)).tensor, X)
    negated = torch.complex(X, X).conj().imag
    assert negated.is_neg()
    assert torch.equal(activation_of(LAYER, negated).tensor, -X)
    assert not activation_of(LAYER, negated).tensor.is_neg()


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("batch_first", [True, False])
def test_recurrent_outputs(kind: type[nn.RNNBase], batch_first: bool) -> None:
    rnn = kind(4, 5, batch_first=batch_first)
    output = rnn(torch.randn(2, 3, 4))
    assert torch.equal(activation_of(Layer("rnn", rnn), output).tensor, output[0])


@pytest.mark.parametrize("batch_first", [True, False])
def test_packed_sequences_are_padded_in_their_original_order(batch_first: bool) -> None:
    rnn = nn.LSTM(4, 5, batch_first=batch_first)
    sequences = [torch.randn(length, 4) for length in (2, 5, 3)]  # not sorted
    packed, _ = rnn(pack_sequence(sequences, enforce_sorted=False))
    found = activation_of(Layer("rnn", rnn), (packed, None))
    assert found.tensor.shape == (3, 5, 5)  # whatever the module's batch_first says
    assert found.valid is not None
    assert found.valid.sum(1).tolist() == [2, 5, 3]
    for number, sequence in enumerate(sequences):
        alone = rnn(sequence.unsqueeze(0 if batch_first else 1))[0].squeeze(0 if batch_first else 1)
        rows = found.tensor[number]
        torch.testing.assert_close(rows[found.valid[number]], alone)
        assert (rows[~found.valid[number]] == 0).all()


def test_packed_sequences_of_other_modules_are_batch_first() -> None:
    packed = pack_padded_sequence(torch.randn(2, 4, 3), [4, 1], batch_first=True)
    found = activation_of(LAYER, packed)
    assert found.tensor.shape == (2, 4, 3)
    assert found.valid is not None
    assert found.valid.sum(1).tolist() == [4, 1]


def test_hugging_face_outputs() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=16,
    )  # fmt: skip
    model = transformers.BertForMaskedLM(config).eval()
    outputs: dict[str, Any] = {}
    blocks = re.compile(r"bert\.encoder\.layer\.\d(\.attention|\.output)?")
    layers = select_layers(model, ["bert", "bert.encoder", blocks, "cls"])
    assert len(layers) == 9
    for layer in layers:
        layer.module.register_forward_hook(
            lambda _, __, output, name=layer.name: outputs.update({name: output})
        )
    tokens = torch.randint(0, 40, (3, 7))
    whole = model(input_ids=tokens, labels=tokens)
    for layer in layers:
        found = activation_of(layer, outputs[layer.name]).tensor
        assert found.shape[:2] == (3, 7), layer.name
    hidden = outputs["bert"].last_hidden_state
    assert torch.equal(activation_of(layers[0], outputs["bert"]).tensor, hidden)
    # The loss has no axes and comes first.
    assert whole.loss.dim() == 0
    assert torch.equal(activation_of(Layer("mlm", model), whole).tensor, whole.logits)
    with_tuples = model(input_ids=tokens, labels=tokens, return_dict=False)
    assert torch.equal(activation_of(Layer("mlm", model), with_tuples).tensor, whole.logits)


def test_last_hidden_state_goes_before_what_stands_first() -> None:
    transformers = pytest.importorskip("transformers")
    output = transformers.modeling_outputs.BaseModelOutputWithPooling(pooler_output=Y)
    output["last_hidden_state"] = X
    assert torch.equal(activation_of(LAYER, output).tensor, X)
