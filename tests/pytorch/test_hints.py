"""What is said of calls that are nearly right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import livecca
import watched
from livecca.torch import Monitor

X, Y = watched.data(rows=100)


def monitor_of(run_dir: Path, probe: Any, **options: Any) -> Monitor:
    return Monitor(watched.Net(), "fc*", probe=probe, run_dir=run_dir, **options)


@pytest.mark.parametrize(
    "probe", [[(Y, X)], list(zip(Y.split(20), X.split(20), strict=True)), [[Y, X]]]
)
def test_labels_before_inputs_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, probe: Any
) -> None:
    with monitor_of(tmp_path / "run", probe) as monitor:
        report = str(monitor.snapshot())
    hint = "the first part of a tuple is given to the network, and here the first looks like labels"
    assert hint in report and hint in caplog.text
    assert "single inputs" not in report
    # What it says helps.
    with monitor_of(tmp_path / "b", probe, forward=lambda model, batch: model(batch[1])) as monitor:
        assert str(monitor.snapshot()).startswith("epoch 0: 2 layers heard")


@pytest.mark.parametrize("probe", [(X, Y), [X, Y], (Y, X), (X, X.double()), (X, Y, Y)])
def test_one_batch_instead_of_batches_is_refused_at_once(tmp_path: Path, probe: Any) -> None:
    with pytest.raises(livecca.Error, match="equal length.* give .*images, labels.* or images.spl"):
        monitor_of(tmp_path / "run", probe)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "probe",
    [
        X.split(50),
        [X, X],
        [X[:60], X[60:]],
        (X[:60], Y),  # not of equal length: the network will say what is wrong
        [torch.zeros(4, 7), torch.zeros(4, 9)],  # sequences of other lengths
    ],
)
def test_batches_that_are_alike_are_taken(tmp_path: Path, probe: Any) -> None:
    monitor_of(tmp_path / "run", probe).close()


@pytest.mark.parametrize(
    "probe", [[X.numpy()], [(X.numpy(), Y.numpy())], [{"x": X.numpy()}], [[X.numpy()]]]
)
def test_batches_of_numpy_are_told(tmp_path: Path, probe: Any) -> None:
    with monitor_of(tmp_path / "run", probe) as monitor:
        report = str(monitor.snapshot())
    assert "expected tensors of torch in a batch, got NumPy arrays; give torch.from_num" in report
    assert "single inputs" not in report


def test_an_array_of_numpy_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(livecca.Error, match=r"NumPy array of shape \(100, 6\); give torch.from_n"):
        monitor_of(tmp_path / "run", X.numpy())


def test_an_end_without_a_snapshot_says_so(tmp_path: Path) -> None:
    final = monitor_of(tmp_path / "run", [X]).finish()
    assert str(final) == "no distances to the final state: snapshot() was never called\n"
    with monitor_of(tmp_path / "b", [X]) as monitor:
        monitor.snapshot()
        saved = monitor.state_dict()
    resumed = monitor_of(tmp_path / "b", [X], checkpoint=saved)
    assert "never called" not in str(resumed.finish())


def test_a_reference_with_other_names_is_told_how(tmp_path: Path) -> None:
    other = nn.Sequential(nn.Linear(6, 3), nn.Linear(3, 3))
    with pytest.raises(livecca.Error) as reason:
        monitor_of(tmp_path / "run", [X], references={"a": other})
    hint = "references={'a': (network, [\"features.*\"])} and pairing=livecca.Pairing.by_patterns(["
    assert hint in str(reason.value) and "the names are '0', '1'" in str(reason.value)
    with pytest.raises(livecca.Error) as reason:  # who gives names knows how
        monitor_of(tmp_path / "run", [X], references={"a": (other, ["conv"])})
    assert hint not in str(reason.value)
    pairing = livecca.Pairing.by_patterns([("fc1", "0")])
    with monitor_of(
        tmp_path / "run", [X], references={"a": (other, ["0"])}, pairing=pairing
    ) as monitor:
        assert monitor.snapshot().find("fc1", "a", "pwcca_distance") is not None


@pytest.mark.parametrize(
    ("option", "nearest"),
    [("reference", "references"), ("measure", "measures"), ("train_steam", "train_stream")],
)
def test_an_unknown_option_is_told_the_nearest(tmp_path: Path, option: str, nearest: str) -> None:
    with pytest.raises(livecca.Error, match=f"^{option}: .* the nearest names are '{nearest}'"):
        monitor_of(tmp_path / "run", [X], **{option: 1})
    assert not (tmp_path / "run").exists()
    if option == "measure":
        with pytest.raises(livecca.Error, match="the nearest names are 'measures'"):
            livecca.Monitor(tmp_path / "run", measure="pwcca")


def test_a_report_at_the_end_can_be_had_again(tmp_path: Path) -> None:
    monitor = monitor_of(tmp_path / "a", [X])
    monitor.snapshot()
    monitor.snapshot()
    final = monitor.finish()
    assert final is not None and monitor.finish() is final
    with monitor_of(tmp_path / "b", [X]) as monitor:
        monitor.snapshot()
        monitor.snapshot()
    again = monitor.finish()
    assert again is not None and again.curve("fc1") and "pwcca_distance of each" in str(again)
    with pytest.raises(ValueError, match="no luck"), monitor_of(tmp_path / "c", [X]) as monitor:
        raise ValueError("no luck")
    assert monitor.finish() is None
