"""What reports say, and what is told at once."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca
from drifting import Layers, probe_pass
from livecca import EventRow, FinalReport, MeasureRow
from livecca._reports.report import remark_lines


def number(**facts: Any) -> MeasureRow:
    made: dict[str, Any] = {
        "layer": "a", "reference": "final", "measure": "pwcca_distance", "value": 0.2,
        "features": (8, 8), "ranks": (8, 8), "samples": 100, "effective_samples": 100,
        "status": "ok", **facts,
    }  # fmt: skip
    made.setdefault("reference_layer", made["layer"])
    return MeasureRow(**made)


def test_the_end_of_a_run_is_a_report_of_its_own(tmp_path: Path) -> None:
    layers = Layers()
    with livecca.Monitor(tmp_path / "run") as monitor:
        for epoch in range(3):
            monitor.training_step(epoch)
            probe_pass(monitor, layers, epoch)
            monitor.snapshot(epoch)
        report = monitor.finish()
    assert isinstance(report, FinalReport)
    rows = livecca.read_run(tmp_path / "run").of(MeasureRow)
    assert report.measures == tuple(row for row in rows if row.reference == "final")
    curve = report.curve("hidden")
    assert [row.epoch for row in curve] == [0, 1]
    assert {row.measure for row in curve} == {"pwcca_distance"}
    assert curve[0].value is not None and f"{curve[0].value:.3f}" in str(report)
    assert report.curve("hidden", "linear_cka_similarity")
    with pytest.raises(livecca.Error, match="'hiden'; the nearest names are 'hidden'$"):
        report.curve("hiden")
    with pytest.raises(livecca.Error, match="expected a measure .*'pwcca'; .*'pwcca_distance'$"):
        report.curve("hidden", "pwcca")
    assert repr(report) == "<livecca.FinalReport of 2 layers at 2 snapshots>"
    shown = report._repr_html_()
    assert shown.startswith("<table>") and "hidden" in shown and f"{curve[0].value:.3f}" in shown


def test_an_end_without_numbers_says_so() -> None:
    report = FinalReport([EventRow(what="missing", subject="<a>", message="none\ncame")])
    assert "needs two snapshots" in str(report) and "! missing, <a>: none came" in str(report)
    assert "&lt;a&gt;" in report._repr_html_() and "needs two" in report._repr_html_()
    assert report.curve("a") == ()
    other = EventRow(what="other_probe", subject="final/a", message="expected the same inputs")
    first, *rest = str(FinalReport([other, other])).splitlines()
    assert first.endswith("the last snapshot cannot be compared with those before it")
    assert rest == ["! other_probe, final/a: expected the same inputs"]


def test_a_rank_below_the_width_is_no_alarm_where_it_is_one_below() -> None:
    rows = [
        number(layer="norm", ranks=(7, 7), status="rank_deficient"),
        number(layer="norm2", ranks=(8, 7), status="rank_deficient"),
        number(layer="dead", ranks=(8, 5), status="rank_deficient"),
        number(layer="dead", ranks=(3, 5), status="rank_deficient", epoch=1),
        number(layer="small", status="undersampled"),
    ]
    lines = str(FinalReport(rows)).splitlines()
    assert "rank 7 of 8, as behind a LayerNorm or softmax: norm, norm2" in lines
    assert "! rank 3 of 8, because neurons are dead or depend on others: dead" in lines
    assert "! undersampled: small" in lines


def test_the_rank_is_in_the_report_of_a_snapshot(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    with livecca.Monitor(tmp_path / "run") as monitor:
        tap = monitor.watch("net", "norm")
        for epoch in range(2):
            rows = random.normal(size=(200, 6))
            with monitor.begin("probe", epoch) as step:
                step.set_inputs(np.arange(200))
                step.observe(tap, rows - rows.mean(axis=1, keepdims=True))
            report = monitor.snapshot(epoch)
        assert report.measures[0].ranks == (5, 5)
        assert report.measures[0].status == "rank_deficient"
        assert "undecided, rank 5 of 6" in str(report) and "rank_deficient" not in str(report)
        assert "rank 5 of 6" in report._repr_html_()


def test_the_first_snapshot_says_that_it_compares_nothing(tmp_path: Path) -> None:
    with livecca.Monitor(tmp_path / "run") as monitor:
        probe_pass(monitor, Layers(), 0)
        report = monitor.snapshot(0)
        assert str(report) == "epoch 0: 2 layers heard, nothing to compare with so far\n"
        assert "2 layers heard" in report._repr_html_()


def test_without_a_history_the_first_report_says_that_nothing_is_compared(tmp_path: Path) -> None:
    with livecca.Monitor(tmp_path / "run", keep_history=False) as monitor:
        probe_pass(monitor, Layers(), 0)
        report = monitor.snapshot(0)
        first, second = str(report).splitlines()
        assert first == "epoch 0: 2 layers heard, nothing to compare with so far"
        assert second.startswith("! missing, references: expected")
        assert "keep_history is false" in second


def test_a_pass_that_failed_is_told_at_once_and_in_the_report(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whys = [
        "ValueError: batch 3\nis wrong",
        "ValueError: batch 4\nis wrong",
        "no device",
        "x" * 999,
    ]
    told: list[EventRow] = []
    with livecca.Monitor(tmp_path / "run", on_event=told.append) as monitor:
        tap = monitor.watch("net", "a")
        for epoch, why in enumerate(whys):
            with monitor.begin("probe", epoch) as step:
                step.observe(tap, np.ones((5, 2)))
            monitor.discard_probe_pass(epoch, why)
            report = monitor.snapshot(epoch)
            [line] = [line for line in str(report).splitlines() if "step_discarded" in line]
            assert line.endswith(" ".join(why.split()) if len(why) < 99 else "x…")
        monitor.finish()
    assert {(record.name, record.levelno) for record in caplog.records} == {
        ("livecca", logging.WARNING)
    }
    assert caplog.messages[0] == (
        "livecca: the pass over the probe failed at epoch 0, so this snapshot has no numbers of "
        "it: ValueError: batch 3 is wrong"
    )
    assert len(caplog.messages) == 3  # that of batch 4 differs in its number only
    assert "no device" in caplog.messages[1] and len(caplog.messages[2]) < 600
    discarded = [event for event in told if event.what == "step_discarded"]
    assert [event.message.split(": ", 1)[1] for event in discarded] == [whys[0], *whys[2:]]
    last = livecca.read_run(tmp_path / "run").of(EventRow)
    assert max(event.count for event in last if event.what == "step_discarded") == 4


def test_inputs_of_several_lengths_have_a_fingerprint(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    batches = [random.integers(0, 50, (40, length)) for length in (7, 4, 9)]
    rows = random.normal(size=(120, 3))

    def snapshot(monitor: livecca.Monitor, epoch: int, order: list[int]) -> livecca.Snapshot:
        tap = monitor.watch("net", "a")
        for place, number in enumerate(order):
            with monitor.begin("probe", epoch) as step:
                step.set_inputs(batches[number])
                step.observe(tap, rows[40 * place : 40 * place + 40] + 0.1 * epoch)
        return monitor.snapshot(epoch)

    with livecca.Monitor(tmp_path / "run") as monitor:
        snapshot(monitor, 0, [0, 1, 2])
        same = snapshot(monitor, 1, [0, 1, 2]).find("a", "start", "pwcca_distance")
        assert same is not None and same.value is not None
        shuffled = snapshot(monitor, 2, [1, 0, 2])
        row = shuffled.find("a", "start", "pwcca_distance")
        assert row is not None and row.value is None
        assert "another order" in str(shuffled)
    whats = {event.what for event in livecca.read_run(tmp_path / "run").of(EventRow)}
    assert whats == {"other_probe", "finished"}


def test_a_layer_without_a_number_to_go_by_is_not_called_near(tmp_path: Path) -> None:
    small = {"value": 1e-15, "status": "undersampled", "noise_floor": 0.0}
    rows = [
        number(layer="good", value=0.01),
        number(layer="mute", value=0.01),
        number(layer="good", value=0.01, epoch=1),
        number(layer="mute", value=None, status="missing", epoch=1),
        number(layer="few", samples=8, effective_samples=8, epoch=1, **small),
        number(layer="mean", samples=9, effective_samples=3, epoch=1, **small),
        number(layer="more", samples=10, effective_samples=10, epoch=1, **small),
        number(layer="near", value=0.9, noise_floor=0.021, epoch=1),
        number(layer="dead", samples=8, effective_samples=8, ranks=(3, 3), epoch=1, value=0.3),
        number(layer="late", value=0.01),
    ]
    report = FinalReport(rows)
    lines = str(report).splitlines()
    assert "stays within 0.05 of the final state from epoch: good 0" in lines
    assert "not within 0.05 before the last snapshot: near, dead" in lines
    assert (
        "! no answer: mute (no numbers), few (8 inputs for 8 features), "
        "mean (3 inputs for 8 features), more (10 inputs for 8 features), late (no numbers)"
    ) in lines
    cells = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert cells["few"] == ["–", "–", "–"] and cells["mean"] == ["–", "–", "–"]
    assert cells["good"][:2] == ["0.010", "0.010"] and cells["near"][1:] == ["0.900~", "0.021"]
    assert "few (8 inputs for 8 features)" in report._repr_html_()
    nothing = str(FinalReport([number(layer="few", samples=8, effective_samples=8, **small)]))
    assert "stays within" not in nothing and "no answer: few" in nothing
    of_cka = number(layer="few", samples=8, effective_samples=8, measure="linear_cka_similarity")
    assert "no answer" not in str(FinalReport([of_cka]))
    near_one = number(layer="few", measure="linreg_x_from_y_similarity", noise_floor=0.985)
    assert "no answer: few (100 inputs for 8 features)" in str(FinalReport([near_one]))


@pytest.mark.parametrize(("samples", "is_shown"), [(6, False), (7, False), (8, True)])
def test_a_snapshot_shows_no_number_that_no_data_could_change(
    tmp_path: Path, samples: int, is_shown: bool
) -> None:
    random = np.random.default_rng(8)
    with livecca.Monitor(tmp_path / "run") as monitor:
        tap = monitor.watch("net", "a")
        for epoch in range(2):
            with monitor.begin("probe", epoch) as step:
                step.set_inputs(np.arange(samples))
                step.observe(tap, random.normal(size=(samples, 6)))
            report = monitor.snapshot(epoch)
        row = report.find("a", "start", "pwcca_distance")
        assert row is not None and row.value is not None and (row.value < 1e-9) is not is_shown
        [line] = [line for line in str(report).splitlines() if line.startswith("a ")]
        cells = re.split(r"  +", line)
        assert (cells[3] != "-") is is_shown
        why = f"no answer: {samples} inputs for 6 features"
        assert (why in line) is not is_shown and (why in report._repr_html_()) is not is_shown
        final = str(monitor.finish())
        assert ("no answer: a" in final) is not is_shown


def test_columns_that_are_left_out_are_told() -> None:
    def lines_of(count: int) -> list[str]:
        rows = [number(value=0.3 if i < 4 else 0.01, step=9 * i, epoch=i) for i in range(count)]
        return str(FinalReport(rows)).splitlines()

    all_shown, some = lines_of(8), lines_of(20)
    assert not any("are shown" in line for line in all_shown)
    assert "8 of 20 snapshots are shown; curve(layer) has all" in some
    assert some[2].split()[1:-1] == ["0", "3", "5", "8", "11", "14", "16", "19"]
    assert "stays within 0.05 of the final state from epoch: a 4" in some


def test_columns_are_named_by_what_tells_them_apart() -> None:
    def lines_of(*times: tuple[int, int]) -> list[str]:
        rows = [number(value=0.01, step=step, epoch=epoch) for step, epoch in times]
        return str(FinalReport(rows)).splitlines()

    by_epoch = lines_of((0, 0), (0, 1))
    assert by_epoch[2].split() == ["layer", "0", "1", "unrelated"]
    assert not any("same epoch" in line for line in by_epoch)
    by_step = lines_of((0, 0), (7, 1), (9, 1))
    assert by_step[2].split() == ["layer", "0", "7", "9", "unrelated"]
    assert "several snapshots have the same epoch, so columns are by step" in by_step
    assert "stays within 0.05 of the final state from step: a 0" in by_step
    by_both = lines_of((0, 0), (0, 1), (123456, 1))
    assert by_both[2].split() == ["layer", "0/0", "0/1", "123456/1", "unrelated"]
    assert "several snapshots have the same epoch, so columns are by step/epoch" in by_both
    twice = lines_of((0, 0), (7, 1), (7, 1))
    assert twice[2].split() == ["layer", "0", "1", "unrelated"]
    assert "of snapshots with the same step and epoch the last one is shown" in twice


def test_numbers_that_more_inputs_would_decide_have_the_line_of_the_program() -> None:
    def said(rows: list[MeasureRow]) -> list[str]:
        return remark_lines(FinalReport(rows))

    rows = [
        number(layer="a", reference="start", p_value=0.2, samples_needed=3021.0),
        number(layer="b", reference="start", p_value=0.02, samples_needed=870.0),
        number(layer="c", p_value=0.0),
    ]
    assert said(rows) == [
        "! not told from unrelated data: a to start, b to start; about 3,100 inputs would decide "
        "all of them"
    ]
    of_another_measure = number(
        layer="b", reference="start", measure="svcca_distance", p_value=0.2, samples_needed=1e6
    )
    assert said([*rows[1:], of_another_measure]) == [
        "! not told from unrelated data: b to start; about 870 inputs would decide it"
    ]
    assert said(rows[2:]) == []
    beyond_telling = number(layer="d", reference="start", p_value=0.7)
    assert said([beyond_telling]) == ["! no nearer than unrelated data: d to start"]
