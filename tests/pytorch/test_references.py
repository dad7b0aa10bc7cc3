"""What a network is compared with."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca import Error
from livecca.torch import Checkpoint, Monitor, record

X, _ = watched.data(rows=60, seed=5)
OTHER = watched.Net(8)
DISTANCE = float(
    livecca.compare(
        watched.Net().fc1(X).detach(), OTHER.fc1(X).detach(), measures="pwcca"
    ).distance["pwcca"] or 0
)  # fmt: skip


def distance_to(reference: Any, run_dir: Path, **options: Any) -> float | None:
    monitor = Monitor(
        watched.Net(), ["fc1", "fc2"], probe=X.split(25), run_dir=run_dir,
        references={"other": reference}, **options,
    )  # fmt: skip
    with monitor:
        monitor.snapshot()
    return watched.number(run_dir, "fc1", "other", "pwcca_distance").value


def saved(path: Path, form: str) -> Path:
    state = OTHER.state_dict()
    if form == "safetensors":
        pytest.importorskip("safetensors.torch").save_file(state, path)
    else:
        torch.save({form: state, "epoch": 3} if form else state, path)
    return path


def loaded(path: Any) -> torch.nn.Module:
    network = watched.Net(1)
    network.load_state_dict(torch.load(path, weights_only=True))
    return network


def test_networks_and_state_dicts(tmp_path: Path) -> None:
    assert distance_to(OTHER, tmp_path / "a") == pytest.approx(DISTANCE, abs=1e-7)
    assert DISTANCE > 0.05
    state = copy.deepcopy(OTHER.state_dict())
    assert distance_to(state, tmp_path / "b") == pytest.approx(DISTANCE, abs=1e-7)
    assert distance_to(OTHER, tmp_path / "c") == distance_to(state, tmp_path / "d")
    assert watched.events(tmp_path / "a") == []


@pytest.mark.parametrize("form", ["", "state_dict", "model_state_dict", "model", "safetensors"])
def test_checkpoints(tmp_path: Path, form: str) -> None:
    path = saved(tmp_path / f"other.{form or 'pt'}", form)
    found = distance_to(Checkpoint(path, lambda: watched.Net(1)), tmp_path / "run")
    assert found == pytest.approx(DISTANCE, abs=1e-7)


def test_a_checkpoint_that_builds_from_its_path(tmp_path: Path) -> None:
    path = saved(tmp_path / "other.pt", "")
    found = distance_to(Checkpoint(path, loaded, takes_path=True), tmp_path / "run")
    assert found == pytest.approx(DISTANCE, abs=1e-7)


def test_a_state_dict_is_not_changed_by_training(tmp_path: Path) -> None:
    """A state_dict of the network itself is its state now: later training is not seen in it."""
    model = watched.Net()
    monitor = Monitor(model, "fc1", probe=[X], run_dir=tmp_path / "run",
                      references={"then": model.state_dict()})  # fmt: skip
    with monitor:
        monitor.snapshot()
        torch.nn.init.normal_(model.fc1.weight)
        monitor.snapshot()
    values = [
        watched.number(tmp_path / "run", "fc1", "then", "pwcca_distance", epoch=epoch).value
        for epoch in range(2)
    ]
    assert values[0] == pytest.approx(0, abs=1e-6)
    assert values[1] is not None and values[1] > 0.05


def test_a_snapshot_of_another_run_is_a_pack(tmp_path: Path) -> None:
    with Monitor(OTHER, ["fc1", "fc2"], probe=[X], run_dir=tmp_path / "first", network="seed8",
                 history_precision="exact") as monitor:  # fmt: skip
        monitor.snapshot()
    [pack] = (tmp_path / "first" / "history").glob("snapshot-*.safetensors")
    # The network's own rows are those that its history keeps, too.
    found = distance_to(pack, tmp_path / "run", history_precision="exact")
    assert watched.events(tmp_path / "run") == []
    assert found == pytest.approx(DISTANCE, abs=1e-6)


def test_a_recorded_pack(tmp_path: Path) -> None:
    pack = tmp_path / "other.safetensors"
    assert record(OTHER, X.split(20), pack, ["fc1", "fc2"], precision="exact") == ()
    found = distance_to(pack, tmp_path / "run", history_precision="exact")
    assert watched.events(tmp_path / "run") == []
    assert found == pytest.approx(DISTANCE, abs=1e-6)


def test_a_reference_whose_layers_have_other_names(tmp_path: Path) -> None:
    other = torch.nn.Sequential(OTHER.fc1, torch.nn.Tanh(), torch.nn.Linear(3, 3))
    monitor = Monitor(
        watched.Net(), ["fc1", "fc2"], probe=[X], run_dir=tmp_path / "run", positions=None,
        references={"other": (other, ["0", "2"])}, readings={"fc1": "nc", "2": "nc"},
        pairing=livecca.Pairing.by_patterns([("fc1", "0"), ("fc2", "2")]),
    )  # fmt: skip
    with monitor:
        monitor.snapshot()
    row = watched.number(tmp_path / "run", "fc1", "other", "pwcca_distance")
    assert row.reference_layer == "0" and row.value == pytest.approx(DISTANCE, abs=1e-7)
    assert watched.events(tmp_path / "run") == []


def state_without(name: str) -> dict[str, torch.Tensor]:
    return {key: value for key, value in OTHER.state_dict().items() if key != name}


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        (3, "got a int"),
        (None, "got a NoneType"),
        (state_without("fc1.weight"), "fc1.weight"),
        ({}, "Missing"),
        ({"fc1.weight": 3}, "state_dict of this architecture"),
        (torch.nn.Linear(6, 3), "references['other']: layers: expected a module of the model"),
        (Checkpoint("/nowhere.pt", watched.Net), "/nowhere.pt"),
        (Checkpoint("/nowhere.safetensors", watched.Net), "/nowhere.safetensors"),
        (Checkpoint("/nowhere", lambda path: 1 / 0, takes_path=True), "division by zero"),
        (Checkpoint("/nowhere", lambda path: None, takes_path=True), "a network"),
        ("/nowhere/pack.safetensors", "/nowhere/pack.safetensors"),
    ],
)
def test_wrong_references_are_one_line(tmp_path: Path, reference: Any, why: str) -> None:
    with pytest.raises(Error) as caught:
        distance_to(reference, tmp_path / "run")
    assert why in str(caught.value) and "other" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_pack(tmp_path: Path) -> None:
    (tmp_path / "other.safetensors").write_bytes(b"no pack")
    with pytest.raises(Error, match="references.'other'.: ") as caught:
        distance_to(tmp_path / "other.safetensors", tmp_path / "run")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["net", "start", "final", "before-1", "", 3])
def test_names_that_mean_something_else_are_refused(tmp_path: Path, name: Any) -> None:
    with pytest.raises(Error, match="references: expected names other than"):
        Monitor(watched.Net(), "fc1", probe=[X], run_dir=tmp_path / "r", references={name: OTHER})
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("form", ["weights.pt", "weights.safetensors", "damaged.safetensors"])
def test_a_reference_that_is_no_pack_leaves_the_folder_free(tmp_path: Path, form: str) -> None:
    path = tmp_path / form
    if form == "weights.pt":
        torch.save(OTHER.state_dict(), path)
    elif form == "weights.safetensors":
        pytest.importorskip("safetensors.torch").save_file(OTHER.state_dict(), path)
    else:
        record(OTHER, [X], path, layers=["fc1"])
        content = bytearray(path.read_bytes())
        content[-9] ^= 1
        path.write_bytes(bytes(content))
    with pytest.raises(Error) as error:
        distance_to(path, tmp_path / "run")
    message = str(error.value)
    assert message.startswith("references['other']: ") and "\n" not in message
    assert "livecca.torch.Checkpoint(path, build=…)" in message
    assert not (tmp_path / "run").exists()
    if form != "damaged.safetensors":
        found = distance_to(Checkpoint(path, lambda: watched.Net(1)), tmp_path / "run")
        assert found == pytest.approx(DISTANCE, abs=1e-7)


def test_states_with_and_without_the_prefixes_of_wrappers(tmp_path: Path) -> None:
    state = copy.deepcopy(OTHER.state_dict())
    for i, prefix in enumerate(("_orig_mod.", "module.", "module._orig_mod.")):
        wrapped = {prefix + name: weights for name, weights in state.items()}
        assert distance_to(wrapped, tmp_path / str(i)) == pytest.approx(DISTANCE, abs=1e-7)
    compiled = torch.compile(watched.Net(1), backend="eager")
    compiled.load_state_dict({"_orig_mod." + name: weights for name, weights in state.items()})
    torch.save(compiled.state_dict(), tmp_path / "w.pt")
    reference = Checkpoint(tmp_path / "w.pt", build=lambda: watched.Net(1))
    assert distance_to(reference, tmp_path / "d") == pytest.approx(DISTANCE, abs=1e-7)


def test_a_reference_that_does_not_run_costs_its_own_numbers_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Narrow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(2, 3)  # the inputs have more

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc1(x)

    model = watched.Net()
    options = {"probe": [watched.data()[0]], "references": {"narrow": Narrow(), "other": OTHER}}
    with Monitor(model, ["fc1"], run_dir=tmp_path / "run", synchronous=True, **options) as monitor:
        monitor.snapshot()
        watched.train(model, monitor)
        report = monitor.snapshot()
        final = monitor.finish()
    for text in (str(report), str(final)):
        [line] = [line for line in text.splitlines() if "narrow" in line]
        assert line.startswith("! references['narrow'] does not run: RuntimeError: ")
    assert {row.reference for row in report.measures if row.value is not None} == {"start", "other"}
    assert final is not None and final.measures
    assert [message[:31] for message in caplog.messages] == ["livecca: references['narrow'] d"]
