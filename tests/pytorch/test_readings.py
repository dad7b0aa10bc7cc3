"""What the axes of an activation are taken for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from livecca import Error
from livecca.torch._layers.layers import Layer, select_layers
from livecca.torch._layers.outputs import activation_of
from livecca.torch._layers.readings import Reading, Readings, as_reading, batch_first_of


def layouts(
    model: nn.Module, *inputs: Any, declared: Any = None, layers: Any = "*"
) -> dict[str, str]:
    """Runs a model and says the layout of each layer that can be read, or "refused"."""
    chosen = select_layers(model, layers)
    readings = Readings(model, chosen, declared)
    found: dict[str, str] = {}

    def hook_of(layer: Layer) -> Callable[..., None]:
        def hook(module: nn.Module, _: Any, output: Any) -> None:
            try:
                reading = readings.reading_of(layer, activation_of(layer, output).tensor)
                found[layer.name] = reading.layout
            except Error as problem:
                assert "\n" not in str(problem)
                assert repr(layer.name) in str(problem)
                found[layer.name] = "refused"

        return hook

    hooks = [layer.module.register_forward_hook(hook_of(layer)) for layer in chosen]
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        model.eval()(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
        for hook in hooks:
            hook.remove()
    return found


def alone(module: nn.Module, *inputs: Any) -> str:
    return layouts(nn.Sequential(module), *inputs)["0"]


@pytest.mark.parametrize(
    ("module", "shape", "expected"),
    [
        (nn.Conv1d(3, 4, 3), (2, 3, 9), "ncl"),
        (nn.ConvTranspose1d(3, 4, 3), (2, 3, 9), "ncl"),
        (nn.MaxPool1d(2), (2, 3, 8), "ncl"),
        (nn.BatchNorm1d(3), (2, 3, 8), "ncl"),
        (nn.BatchNorm1d(3), (2, 3), "nc"),
        (nn.LazyConv2d(4, 3), (2, 3, 9, 9), "nchw"),
        (nn.Conv2d(3, 4, 3), (2, 3, 9, 9), "nchw"),
        (nn.BatchNorm2d(3), (2, 3, 9, 9), "nchw"),
        (nn.AdaptiveAvgPool2d(1), (2, 3, 9, 9), "nchw"),
        (nn.GroupNorm(1, 3), (2, 3, 9, 9), "nchw"),
        (nn.GroupNorm(1, 3), (2, 3, 9), "ncl"),
        (nn.ReLU(), (2, 3, 9, 9), "nchw"),
        (nn.Conv3d(3, 4, 3), (2, 3, 5, 5, 5), "ncdhw"),
        (nn.MaxPool3d(2), (2, 3, 5, 5, 5), "ncdhw"),
        (nn.ReLU(), (2, 3, 5, 5, 5), "ncdhw"),
        (nn.Linear(3, 4), (2, 3), "nc"),
        (nn.Linear(3, 4), (2, 5, 3), "ntc"),
        (nn.Linear(3, 4), (2, 5, 5, 3), "nhwc"),
        (nn.LayerNorm(3), (2, 3), "nc"),
        (nn.LayerNorm(3), (2, 5, 3), "ntc"),
        (nn.LayerNorm(3), (2, 5, 6, 3), "nhwc"),
        (nn.LayerNorm(3), (2, 3, 3, 3), "nhwc"),
        (nn.LayerNorm([3, 5, 6]), (2, 3, 5, 6), "nchw"),
        (nn.RMSNorm(3), (2, 5, 3), "ntc"),
        (nn.LSTM(3, 4, batch_first=True), (2, 5, 3), "ntc"),
        (nn.GRU(3, 4), (5, 2, 3), "tnc"),
        (nn.RNN(3, 4, bidirectional=True), (5, 2, 3), "tnc"),
        (nn.TransformerEncoderLayer(4, 2, 8), (5, 2, 4), "tnc"),
        (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), (2, 5, 4), "ntc"),
        (nn.ReLU(), (2, 5, 3), "ntc"),
        (nn.ReLU(), (2, 3), "nc"),
        # Without a batch, axes would be taken for others.
        (nn.Conv1d(3, 4, 3), (3, 9), "refused"),
        (nn.Conv2d(3, 4, 3), (3, 9, 9), "refused"),
        (nn.LSTM(3, 4), (5, 3), "refused"),
        (nn.ReLU(), (3,), "refused"),
        (nn.ReLU(), (1, 2, 3, 4, 5, 6), "refused"),
        (nn.Linear(3, 4), (2, 5, 5, 5, 3), "refused"),
    ],
)
def test_the_type_and_the_number_of_axes_say_the_layout(
    module: nn.Module, shape: tuple[int, ...], expected: str
) -> None:
    assert alone(module, torch.randn(shape)) == expected


def test_embeddings() -> None:
    assert alone(nn.Embedding(9, 4), torch.randint(0, 9, (2, 5))) == "ntc"
    assert alone(nn.Embedding(9, 4), torch.randint(0, 9, (2,))) == "nc"
    assert alone(nn.EmbeddingBag(9, 4), torch.randint(0, 9, (2, 5))) == "nc"


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_and_transformers_by_batch_first(batch_first: bool) -> None:
    expected = "ntc" if batch_first else "tnc"
    x = torch.randn(5, 5, 8)
    attention = nn.MultiheadAttention(8, 2, batch_first=batch_first)
    layer = Layer("attention", attention)
    output = activation_of(layer, attention(x, x, x)).tensor
    assert Readings(attention, [layer]).reading_of(layer, output) == Reading(expected)
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first), 2
    )
    found = layouts(nn.Sequential(encoder), x)
    # The linear layers and norms inside have the steps where the transformer has them.
    assert set(found) >= {"0", "0.layers.0", "0.layers.1.linear1", "0.layers.0.norm1"}
    assert set(found.values()) == {expected}
    for module in (encoder, nn.TransformerDecoderLayer(8, 2, batch_first=batch_first),
                   nn.Transformer(8, 2, 1, 1, 16, batch_first=batch_first)):  # fmt: skip
        assert batch_first_of(module) is batch_first
    assert batch_first_of(nn.Linear(2, 2)) is None


def test_channels_last_memory_stays_nchw() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).to(memory_format=torch.channels_last)
    x = torch.randn(2, 3, 9, 9).to(memory_format=torch.channels_last)
    assert layouts(net, x) == {"0": "nchw", "1": "nchw"}


def test_an_activation_follows_the_modules_beside_it() -> None:
    convolutions = nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Sequential(nn.Dropout()))
    assert layouts(convolutions, torch.randn(2, 3, 9)) == {
        "0": "ncl", "1": "ncl", "2": "ncl", "2.0": "ncl",
    }  # fmt: skip
    mlp = nn.Sequential(nn.LayerNorm(3), nn.Linear(3, 12), nn.GELU(), nn.Linear(12, 3))
    assert set(layouts(mlp, torch.randn(2, 5, 3)).values()) == {"ntc"}
    # As in Swin transformers, which keep images in the order N × H × W × C.
    assert set(layouts(mlp, torch.randn(2, 5, 6, 3)).values()) == {"nhwc"}


class Transpose(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(1, -1)


class PatchEmbedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, 16, 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.projection(x).flatten(2).transpose(1, 2)


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def test_sizes_tell_channels_from_features_where_both_are_near() -> None:
    # As the blocks of a ConvNeXt: its linear layers run on N × H × W × C.
    block = nn.Sequential(
        nn.Conv2d(8, 8, 3, padding=1), Transpose(), nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8),
        Transpose(),
    )  # fmt: skip
    found = layouts(nn.Sequential(block), torch.randn(2, 8, 5, 6))
    assert found["0"] == found["0.0"] == found["0.5"] == "nchw"
    assert found["0.2"] == found["0.3"] == found["0.4"] == "nhwc"
    small = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 49, 10))
    assert list(layouts(small, torch.randn(2, 3, 9, 9)).values()) == ["nchw", "nchw", "nc", "nc"]
    speech = nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), Transpose(), nn.Linear(4, 6), nn.Tanh())
    found = layouts(speech, torch.randn(2, 3, 9))
    assert [found[name] for name in "0134"] == ["ncl", "ncl", "ntc", "ntc"]
    assert found["2"] == "ntc"  # 4 features last
    patches = layouts(nn.Sequential(PatchEmbedding(), nn.Dropout()), torch.randn(2, 3, 12, 12))
    assert patches == {"0": "ntc", "0.projection": "nchw", "1": "ntc"}


def test_heads_of_an_attention_have_their_features_last() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.query(x).unflatten(2, (2, 4)).transpose(1, 2)  # batch × heads × steps × 4

    assert alone(Heads(), torch.randn(3, 5, 8)) == "nhwc"


def test_a_layer_norm_of_two_dimensions_has_its_channels_first() -> None:
    assert alone(LayerNorm2d(8), torch.randn(2, 8, 5, 6)) == "nchw"
    assert alone(LayerNorm2d(8), torch.randn(2, 8, 8, 8)) == "refused"  # either may be


def test_an_open_question_is_refused_with_the_way_out() -> None:
    # 4 channels × 6 positions and 4 × 6 as features: both can be.
    net = nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Linear(6, 6))
    assert layouts(net, torch.randn(2, 3, 8)) == {"0": "ncl", "1": "refused", "2": "ntc"}
    layer = select_layers(net, "1")[0]
    with pytest.raises(Error) as told:
        Readings(net, [layer]).reading_of(layer, torch.randn(2, 4, 6))
    assert str(told.value) == (
        "layer '1': expected a declared layout, got shape (2, 4, 6) from module ReLU, which may be "
        "ncl or ntc; declare readings={'1': 'ncl'} or {'1': 'ntc'}"
    )
    declared = {"1": "ncl"}
    assert layouts(net, torch.randn(2, 3, 8), declared=declared)["1"] == "ncl"


def test_layers_beside_a_recurrent_one_with_steps_first_must_be_declared() -> None:
    class Tagger(nn.Module):
        def __init__(self, batch_first: bool) -> None:
            super().__init__()
            self.embedding = nn.Embedding(9, 4)
            self.lstm = nn.LSTM(4, 5, batch_first=batch_first)
            self.fc = nn.Linear(5, 2)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return self.fc(self.lstm(self.embedding(tokens))[0])

    tokens = torch.randint(0, 9, (6, 3))
    assert layouts(Tagger(True), tokens) == {"embedding": "ntc", "lstm": "ntc", "fc": "ntc"}
    assert layouts(Tagger(False), tokens) == {
        "embedding": "refused", "lstm": "tnc", "fc": "refused",
    }  # fmt: skip
    assert set(layouts(Tagger(False), tokens, declared={"*": "tnc"}).values()) == {"tnc"}


def test_declared_readings_by_name_and_pattern() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AvgPool2d(2))
    layers = select_layers(net, "*")
    readings = Readings(net, layers, {"*": ("nchw", "pooled"), "1": "nhwc"})
    x = torch.randn(2, 4, 5, 6)
    assert [readings.reading_of(layer, x) for layer in layers] == [
        Reading("nchw", "pooled"), Reading("nhwc"), Reading("nchw", "pooled"),
    ]  # fmt: skip
    with pytest.raises(Error, match="layer '0': expected 4 axes for its declared layout nchw"):
        readings.reading_of(layers[0], torch.randn(2, 4))
    with pytest.raises(Error, match="readings: expected the name of a watched layer"):
        Readings(net, layers, {"conv": "nchw"})
    with pytest.raises(Error, match="'3\\*', which matches none"):
        Readings(net, layers, {"3*": "nchw"})


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("ntc", Reading("ntc")),
        (("tnc", "last"), Reading("tnc", "last")),
        (("ntc", "step", 3), Reading("ntc", "step", 3)),
        (("nchw", "flattened"), Reading("nchw", "flattened")),
        (Reading("ncl", "pooled"), Reading("ncl", "pooled")),
    ],
)
def test_what_can_be_declared(declared: Any, expected: Reading) -> None:
    assert as_reading(declared, "readings['a']") == expected


@pytest.mark.parametrize(
    "declared",
    ["nhc", "", ("nchw",) * 4, (), ("nchw", "mean"), ("nchw", "last"), ("nc", "pooled"),
     ("ntc", "step"), ("ntc", "step", -1), ("ntc", "step", "2"), ("nc", "flattened")],
)  # fmt: skip
def test_what_cannot_be_declared(declared: Any) -> None:
    with pytest.raises(Error, match=r"readings\['a'\]: expected"):
        as_reading(declared, "readings['a']")


def test_batch_and_steps_of_a_sequence() -> None:
    x = torch.zeros(5, 2, 8)
    assert Reading("tnc").batch_and_steps(x) == (2, 5)
    assert Reading("ntc").batch_and_steps(x) == (5, 2)
    assert [Reading(layout).is_sequence for layout in ("nc", "ncl", "ntc", "tnc")] == [
        False, False, True, True,
    ]  # fmt: skip


def test_hugging_face_models_are_sequences_throughout() -> None:
    transformers = pytest.importorskip("transformers")
    bert = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=40,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=24,
            max_position_embeddings=16,
        )
    )
    gpt2 = transformers.GPT2Model(
        transformers.GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2, n_positions=16)
    )
    tokens = torch.randint(0, 40, (3, 7))
    for model, some in ((bert, {"encoder.layer.1.intermediate"}), (gpt2, {"h.0", "h.1.mlp.act"})):
        found = layouts(model, tokens)
        assert some < set(found)
        sequences = {name: found[name] for name in found if not name.startswith("pooler")}
        assert set(sequences.values()) == {"ntc"}, sequences


def test_a_vision_transformer_of_hugging_face() -> None:
    transformers = pytest.importorskip("transformers")
    model = transformers.ViTModel(
        transformers.ViTConfig(
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=24,
            image_size=12,
            patch_size=4,
        )
    )
    found = layouts(model, torch.randn(2, 3, 12, 12))
    assert found.pop("embeddings.patch_embeddings.projection") == "nchw"
    sequences = {name: found[name] for name in found if not name.startswith("pooler")}
    assert set(sequences.values()) == {"ntc"}, sequences
