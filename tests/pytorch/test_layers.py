"""Which modules a selector chooses, and their names."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

from livecca import Error
from livecca.torch._layers.layers import select_layers, without_wrappers


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.relu = nn.ReLU()
        self.module = nn.Conv2d(3, 3, 1)  # a child that is called as wrappers call theirs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.module(self.relu(self.conv(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 3, 3, padding=1)
        self.layer1 = Block()
        self.layer2 = Block()
        self.heads = nn.ModuleList([nn.Linear(3, 2), nn.Linear(3, 4)])

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = self.layer2(self.layer1(self.conv1(x))).mean((2, 3))
        return [head(x) for head in self.heads]


ALL = [
    "conv1",
    "layer1", "layer1.conv", "layer1.relu", "layer1.module",
    "layer2", "layer2.conv", "layer2.relu", "layer2.module",
    "heads.0", "heads.1",
]  # fmt: skip


def names(model: nn.Module, layers: object, exclude: object = ()) -> list[str]:
    return [layer.name for layer in select_layers(model, layers, exclude)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("conv1", ["conv1"]),
        (["layer2", "conv1"], ["conv1", "layer2"]),  # the model's order
        ("layer?", ["layer1", "layer2"]),
        ("layer1*", ["layer1", "layer1.conv", "layer1.relu", "layer1.module"]),
        ("*conv*", ["conv1", "layer1.conv", "layer2.conv"]),
        (re.compile(r"layer\d\.re.u"), ["layer1.relu", "layer2.relu"]),
        (nn.Linear, ["heads.0", "heads.1"]),
        (lambda name, module: isinstance(module, nn.Conv2d) and "." not in name, ["conv1"]),
        ("*", ALL),
        ([nn.ReLU, "heads.1", "heads.*"], ["layer1.relu", "layer2.relu", "heads.0", "heads.1"]),
    ],
)
def test_each_kind_of_selector(selector: object, expected: list[str]) -> None:
    assert names(Net(), selector) == expected


def test_a_module_of_the_model_is_a_selector_and_a_module_list_means_its_entries() -> None:
    net = Net()
    assert names(net, net.layer2.relu) == ["layer2.relu"]
    assert names(net, [net.conv1, net.layer1]) == ["conv1", "layer1"]
    assert names(net, net.heads) == ["heads.0", "heads.1"]


def test_the_modules_themselves_come_back() -> None:
    net = Net()
    assert all(layer.module is net.get_submodule(layer.name) for layer in select_layers(net, "*"))


def test_regular_expressions_match_the_whole_name() -> None:
    with pytest.raises(Error, match="no match"):
        names(Net(), re.compile("relu"))


def test_excluded_layers_are_left_out() -> None:
    assert names(Net(), nn.Conv2d, exclude="layer*") == ["conv1"]
    assert names(Net(), "layer1*", exclude=[nn.ReLU, "layer1"]) == ["layer1.conv", "layer1.module"]
    # A type that the model does not have is no typo; a name is.
    assert names(Net(), "conv1", exclude=nn.Dropout) == ["conv1"]
    with pytest.raises(Error, match=r"exclude: expected a module of the model, got 'conv2'"):
        names(Net(), "*", exclude="conv2")
    with pytest.raises(Error, match="exclude matches all"):
        names(Net(), "conv1", exclude=nn.Conv2d)


@pytest.mark.parametrize(
    ("selector", "nearest"),
    [("layer1.conf", "'layer1.conv'"), ("cnv1", "'conv1'"), ("relu*", "'layer1.relu'"),
     (nn.Conv3d, "'conv1'")],
)  # fmt: skip
def test_a_selector_without_a_match_is_told_the_nearest_names(
    selector: object, nearest: str
) -> None:
    with pytest.raises(Error, match="no match") as refused:
        names(Net(), ["conv1", selector])
    assert nearest in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("selector", [3, None, int, re.compile(b"conv"), [["conv1"]], [3.0], []])
def test_what_is_no_selector_is_refused(selector: object) -> None:
    with pytest.raises(Error, match="layers: expected"):
        names(Net(), selector)


def test_a_predicate_must_return_a_bool() -> None:
    with pytest.raises(Error, match="bool"):
        names(Net(), lambda name, module: None)


def test_wrappers_do_not_change_names_nor_modules() -> None:
    plain = Net()
    expected = [(layer.name, layer.module) for layer in select_layers(plain, "*")]
    compiled = torch.compile(plain, backend="eager")
    averaged = torch.optim.swa_utils.AveragedModel(plain)
    assert [(layer.name, layer.module) for layer in select_layers(compiled, "*")] == expected
    assert names(averaged, "*") == ALL
    assert names(torch.optim.swa_utils.AveragedModel(compiled), "*") == ALL


def test_wrapped_layers_within_a_model_have_clean_names() -> None:
    net = Net()
    inner = net.layer1.conv
    net.layer1.conv = checkpoint_wrapper(net.layer1.conv)
    net.layer2 = torch.compile(net.layer2, backend="eager")
    assert names(net, "*") == ALL
    assert select_layers(net, "layer1.conv")[0].module is inner
    assert names(net, "layer2._orig_mod.relu") == ["layer2.relu"]  # as named_modules() has it
    # Prefixes are no part of names that a pattern sees.
    with pytest.raises(Error, match="no match"):
        names(net, "*_orig_mod*")


def test_distributed_data_parallel_has_the_same_names(tmp_path: Path) -> None:
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        net = Net()
        wrapped = nn.parallel.DistributedDataParallel(net)
        assert names(wrapped, "*") == ALL
        assert names(wrapped, "module.conv1") == ["conv1"]
        assert without_wrappers(wrapped) is net
        assert without_wrappers(torch.compile(wrapped, backend="eager")) is net
    finally:
        torch.distributed.destroy_process_group()


def test_fsdp_has_the_same_names_and_stays_around_the_network() -> None:
    class FullyShardedDataParallel(nn.Module):  # the real one needs a device
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self._fsdp_wrapped_module = module

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self._fsdp_wrapped_module(x)

    net = Net()
    net.layer1 = FullyShardedDataParallel(net.layer1)
    wrapped = FullyShardedDataParallel(net)
    assert names(wrapped, "*") == ALL
    assert without_wrappers(wrapped) is wrapped


def test_lightning_fabric_has_the_same_names_and_stays_around_the_network() -> None:
    fabric = pytest.importorskip("lightning").Fabric(accelerator="cpu", precision="bf16-mixed")
    net = Net()
    wrapped = fabric.setup(net)
    assert names(wrapped, "*") == ALL
    assert select_layers(wrapped, "conv1")[0].module is net.conv1
    assert without_wrappers(wrapped) is wrapped  # it sets the precision


def test_parametrizations_are_not_layers() -> None:
    net = Net()
    nn.utils.parametrizations.weight_norm(net.conv1)
    assert names(net, "*") == ALL
    assert names(net, nn.Conv2d)[0] == "conv1"


def test_a_network_without_a_wrapper_is_itself() -> None:
    block = Block()  # its child "module" is its own
    assert without_wrappers(block) is block


def test_data_parallel_is_refused() -> None:
    with pytest.raises(Error, match="DistributedDataParallel"):
        names(nn.DataParallel(Net()), "*")
    net = Net()
    net.layer1 = nn.DataParallel(net.layer1)
    with pytest.raises(Error, match=r"nn\.DataParallel at 'layer1'"):
        names(net, "conv1")


@pytest.mark.filterwarnings("ignore")
def test_torchscript_is_refused() -> None:
    with pytest.raises(Error, match="TorchScript"):
        names(torch.jit.script(nn.Sequential(nn.Linear(2, 2))), "*")


def test_a_shared_module_comes_once_under_its_first_name() -> None:
    shared = nn.Linear(3, 3)
    net = nn.ModuleDict({"encoder": nn.Sequential(shared), "decoder": nn.Sequential(shared)})
    assert names(net, "*") == ["encoder", "encoder.0", "decoder"]
    assert names(net, "decoder.0") == ["encoder.0"]
    assert names(net, ["decoder.0", "encoder.0"]) == ["encoder.0"]
    assert names(net, nn.Linear, exclude="encoder") == ["encoder.0"]
    with pytest.raises(Error, match="exclude matches all"):
        names(net, nn.Linear, exclude="decoder.*")


def test_modules_that_are_never_called_are_not_layers() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16)
    called: set[str] = set()
    for name, module in layer.named_modules():
        module.register_forward_hook(lambda *_, name=name: called.add(name))
    layer(torch.randn(5, 2, 8))
    assert set(names(layer, "*")) == called - {""}
    with pytest.raises(Error, match="never calls"):
        names(layer, "self_attn.out_proj")
    with pytest.raises(Error, match="a ModuleList that PyTorch never calls"):
        names(Net(), "heads")


def test_two_thousand_modules_take_a_few_milliseconds() -> None:
    blocks = nn.Sequential(*[nn.Sequential(*[nn.ReLU() for _ in range(9)]) for _ in range(200)])
    best = min(_seconds(blocks) for _ in range(5))
    assert len(select_layers(blocks, nn.ReLU)) == 1800
    assert best < 0.1  # a few ms on an idle machine


def _seconds(model: nn.Module) -> float:
    begin = time.perf_counter()
    select_layers(model, ["1*", nn.ReLU, re.compile(r"\d+\.3")], exclude="17.*")
    return time.perf_counter() - begin


class OneLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (nn.LSTM(3, 5), "lstm"),
        (OneLayer(), "onelayer"),
        (torch.compile(nn.Linear(3, 5)), "linear"),
        (torch.optim.swa_utils.AveragedModel(nn.Linear(3, 5)), "linear"),
        (nn.MultiheadAttention(4, 2), "multiheadattention"),
    ],
)
def test_a_network_that_is_one_layer_has_the_name_of_its_class(model: nn.Module, name: str) -> None:
    network = without_wrappers(model)
    for selector in (name, "*", type(network), network, lambda *_: True):
        [layer] = select_layers(model, selector)
        assert (layer.name, layer.module) == (name, network)
    with pytest.raises(Error, match=f"the names are '{name}'"):
        select_layers(model, "fc9")


def test_a_network_without_a_forward_has_no_layers() -> None:
    with pytest.raises(Error, match="there are none"):
        select_layers(nn.ModuleList(), "*")


def test_the_layers_of_a_bert_of_more_than_ten() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=12, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=16,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    chosen = select_layers(model, re.compile(r".*\.layer\.[0-9]+"))  # as the docs say it
    assert [layer.name for layer in chosen] == [f"bert.encoder.layer.{n}" for n in range(12)]
