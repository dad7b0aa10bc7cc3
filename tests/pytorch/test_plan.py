"""What plan() says before training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import livecca
import livecca.torch
from livecca.torch import _plan


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 36, 40)
    )


def test_a_plan_has_the_facts_of_each_layer(tmp_path: Path) -> None:
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    probe = torch.randn(300, 3, 6, 6).split(128)
    with livecca.torch.Monitor(model, ["0", "3"], probe=probe, run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
    conv, dense = plan.layers
    assert (conv.name, conv.layout, conv.shape, conv.features) == ("0", "nchw", (128, 8, 6, 6), 8)
    assert (dense.name, dense.layout, dense.features) == ("3", "nc", 40)
    assert plan.images == conv.images == 300
    # 16 of 36 positions are kept; half precision may halve it.
    assert (conv.disk_bytes, dense.disk_bytes) == (4 * 300 * 16 * 8, 4 * 300 * 40)
    assert conv.advice == "" and dense.advice == "too few inputs: 400 would do"
    # An unrelated layer of this width would have this score.
    x, y = (torch.randn(300, 40) for _ in range(2))
    unrelated = livecca.compare(x, y).similarity["mean_cca"]
    assert dense.floor == pytest.approx(unrelated, rel=0.1)
    text = str(plan)
    assert "300 inputs" in text and "too few inputs: 400 would do" in text
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_plan_names_what_cannot_be_heard(tmp_path: Path) -> None:
    class Direct(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used = nn.Linear(4, 4)
            self.direct = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.direct.forward(self.used(x))

    probe = [torch.randn(50, 4)]
    with livecca.torch.Monitor(Direct(), "*", probe=probe, run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
    assert [layer.name for layer in plan.layers] == ["used"]
    assert plan.left_out == {"direct": "it was not called"}
    assert "direct: left out, it was not called" in str(plan)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]


@pytest.mark.parametrize("steps", [7, 200])  # 200: as many as sequences
def test_steps_on_the_first_axis_are_no_inputs(tmp_path: Path, steps: int) -> None:
    probe = [torch.randn(steps, 200, 3), torch.randn(steps, 50, 3)]
    with livecca.torch.Monitor(Recurrent(), "*", probe=probe, run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
        monitor.snapshot()
    [layer] = plan.layers
    assert (plan.images, plan.batch, layer.images) == (250, 200, 250)
    [row] = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert layer.samples_a_pass == row.samples == 250 * min(steps, 16)
    assert layer.advice == ""


@pytest.mark.parametrize("first", [{"scale": torch.tensor(2.0)}, {"weights": torch.ones(3)}, {}])
def test_inputs_are_counted_in_the_tensor_that_has_them(
    tmp_path: Path, first: dict[str, torch.Tensor]
) -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 5)

        def forward(self, x: torch.Tensor, **factors: torch.Tensor) -> torch.Tensor:
            for factor in factors.values():
                x = x * factor
            return self.fc(x)

    probe = [{**first, "x": torch.randn(rows, 3)} for rows in (60, 25)]
    with livecca.torch.Monitor(Scaled(), "*", probe=probe, run_dir=tmp_path / "run") as monitor:
        assert monitor.plan().images == 85


def test_padding_is_no_sample_of_a_plan(tmp_path: Path) -> None:
    model = nn.ModuleDict({"fc": nn.Linear(3, 5)})
    mask = (torch.arange(20) < torch.tensor([4, 18] * 30).unsqueeze(1)).long()
    batch = {"x": torch.randn(60, 20, 3), "attention_mask": mask}
    probe = livecca.torch.Probe([batch], forward=lambda net, batch: net["fc"](batch["x"]))
    with livecca.torch.Monitor(model, "fc", probe=probe, run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
        monitor.snapshot()
    [row] = livecca.read_run(tmp_path / "run").of(livecca.LayerRow)
    assert plan.layers[0].samples_a_pass == row.samples == 30 * 4 + 30 * 16


@pytest.mark.parametrize("samples", [64, 640])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_disk_of_a_plan_is_a_bound(tmp_path: Path, samples: int, dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Linear(8, 24), nn.ReLU()).to(dtype)
    probe = [torch.randn(samples, 8).to(dtype)]
    with livecca.torch.Monitor(
        model, "*", probe=probe, run_dir=tmp_path / "run", synchronous=True
    ) as monitor:
        plan = monitor.plan(epochs=3)
        for _ in range(4):
            monitor.snapshot()
        in_use = sum(file.stat().st_size for file in (tmp_path / "run" / "history").iterdir())
        assert plan.disk_bytes_in_all == 4 * plan.disk_bytes
        # What a file has beside the rows: its header.
        # Two layers are kept, each in full or in half precision.
        least = plan.disk_bytes_in_all / (4 if dtype == torch.float64 else 2)
        assert least <= in_use <= plan.disk_bytes_in_all + 4 * 4000


def test_a_plan_says_what_the_run_takes_in_all(tmp_path: Path) -> None:
    probe = [torch.randn(300, 3, 6, 6)]
    options = {"probe": probe, "history_byte_limit": 1_000_000}
    with livecca.torch.Monitor(network(), "0", run_dir=tmp_path / "one", **options) as monitor:
        plan = monitor.plan(epochs=10)
        assert plan.disk_bytes_in_all == 1_000_000
        assert "at most 154 kB on disk a snapshot, 1 MB in 10 epochs" in str(plan)
        assert monitor.plan().disk_bytes_in_all is None
    options = {"probe": probe, "keep_history": False}
    with livecca.torch.Monitor(network(), "0", run_dir=tmp_path / "two", **options) as monitor:
        assert monitor.plan(epochs=10).disk_bytes_in_all == 0


def test_a_plan_says_what_an_observed_step_costs(tmp_path: Path) -> None:
    probe = torch.randn(300, 3, 6, 6).split(128)
    with livecca.torch.Monitor(
        network(), ["0", "3"], probe=probe, run_dir=tmp_path / "run"
    ) as monitor:
        plan = monitor.plan()
    conv, dense = plan.layers
    assert plan.batch == 128
    assert (conv.step_bytes, dense.step_bytes) == (4 * 128 * 16 * 8, 4 * 128 * 40)
    # Three products of samples × features² multiplications, and as many additions.
    assert conv.step_operations == 6 * 128 * 16 * 8 * 8
    assert "an observed training step of 128 inputs: 86 kB copied by your thread" in str(plan)


def test_a_closed_monitor_has_no_plan(tmp_path: Path) -> None:
    monitor = livecca.torch.Monitor(
        network(), "0", probe=[torch.randn(30, 3, 6, 6)], run_dir=tmp_path / "run"
    )
    monitor.close()
    with pytest.raises(livecca.Error, match="expected a monitor that is not finished"):
        monitor.plan()


def test_the_seconds_of_a_plan_are_of_a_warm_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 10.0, 20.0, 20.5])  # the first run takes 10 s, the second 0.5 s
    monkeypatch.setattr(_plan.time, "perf_counter", lambda: next(clock))
    probe = torch.randn(300, 3, 6, 6).split(100)
    with livecca.torch.Monitor(network(), "0", probe=probe, run_dir=tmp_path / "run") as monitor:
        plan = monitor.plan()
    assert plan.seconds == 3 * 0.5
    assert "about 1.5 s a pass" in str(plan)


def test_a_plan_of_a_network_that_changes_its_inputs(tmp_path: Path) -> None:
    class Emptying(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.fc(batch.pop("x"))

    probe = [{"x": torch.randn(50, 4)}]
    with livecca.torch.Monitor(
        Emptying(), "fc", probe=probe, run_dir=tmp_path / "run", forward=lambda net, one: net(one)
    ) as monitor:
        assert [layer.features for layer in monitor.plan().layers] == [2]


def test_samples_of_masked_layers_are_about(tmp_path: Path) -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(9, 4)

        def forward(self, ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.words(ids)

    ids = torch.zeros(60, 5, dtype=torch.long)
    # 2 of 5 steps are valid, and in the second batch 4.
    masks = [(torch.arange(5) < count).expand(30, 5).long() for count in (2, 4)]
    batches = [{"ids": ids[:30], "attention_mask": mask} for mask in masks]
    for number, probe in enumerate((batches, batches[:1], list(ids.split(30)))):
        options = {"forward": lambda net, one: net.words(one)} if number == 2 else {}
        with livecca.torch.Monitor(
            Words(), "*", probe=probe, run_dir=tmp_path / f"{number}", **options
        ) as monitor:
            plan = monitor.plan()
        [layer] = plan.layers
        assert layer.is_about is (number == 0)
        assert layer.samples_a_pass == (120, 60, 300)[number]
        assert ("about 120" in str(plan)) is (number == 0)


def test_a_plan_is_a_table_in_a_notebook(tmp_path: Path) -> None:
    probe = torch.randn(300, 3, 6, 6).split(128)
    with livecca.torch.Monitor(network(), ["0", "3"], probe=probe, run_dir=tmp_path / "r") as one:
        page, text = one.plan()._repr_html_(), str(one.plan())
    assert page.startswith("<table>") and page.count("<tr>") == 3
    assert ">128×8×6×6</td>" in page and "too few inputs: 400 would do" in page
    notes = [line for line in text.splitlines() if line.startswith(("floor:", "an observed"))]
    assert len(notes) == 2 and all(f"<p>{line}</p>" in page for line in notes)
