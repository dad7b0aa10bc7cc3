"""What text and HTML of reports show: the same numbers, alarms, and events in few lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import livecca
from drifting import Layers, probe_pass
from livecca import (
    DirectionRow,
    EventRow,
    FinalReport,
    MeasureRow,
    Snapshot,
    VerdictRecordRow,
    VerdictRow,
    _program,
)
from livecca._reports import html


def number(**facts: Any) -> MeasureRow:
    made: dict[str, Any] = {
        "layer": "fc1", "reference_layer": facts.get("layer", "fc1"), "reference": "start",
        "measure": "pwcca_distance", "value": 0.25,
        "noise_floor": 0.75, "features": (8, 8), "ranks": (8, 8), "samples": 100,
        "effective_samples": 100, "status": "ok", **facts,
    }  # fmt: skip
    return MeasureRow(**made)


def snapshot_of(rows: Sequence[Any]) -> Snapshot:
    snapshot = Snapshot(None, 0)
    snapshot._rows = tuple(rows)
    return snapshot


def cells_of(page: str) -> list[list[str]]:
    """The text of each cell of the rows of a table."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.split("<tbody>")[1])
    return [[re.sub(r"<.*?>", "", c) for c in re.findall(r"<td.*?>(.*?)</td>", r)] for r in rows]


def test_a_snapshot_shows_the_table_that_livecca_show_begins_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = Layers()
    with livecca.Monitor(tmp_path / "run", compare_before=[1]) as monitor:
        for epoch in range(9):
            probe_pass(monitor, layers, epoch)
            report = monitor.snapshot(epoch)
        text, page = str(report).splitlines(), report._repr_html_()
    assert _program.run(["show", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out.splitlines()
    begin = next(i for i, line in enumerate(shown) if "layers have settled" in line)
    assert text[:3] == ["epoch 8, pwcca_distance", shown[begin], ""]
    table = text[3:6]
    assert ["  " + line for line in table] == shown[begin + 1 : begin + 4]
    # What columns mean; of a run that is over it is known how right forecasts were.
    assert text[7].split(", right about")[0] in "\n".join(shown)
    assert page.startswith(f"<p>{text[0]}</p><p>{text[1]}</p><table>")
    rows = cells_of(page)
    assert rows[:2] == [re.split(r"  +", line) for line in table[1:]]
    verdicts = [row for row in report.of(VerdictRow) if row.verdict != "dead"]
    for row, verdict in zip(rows[:2], verdicts, strict=True):
        number_of = report.find(verdict.layer, "start", "pwcca_distance")
        assert number_of is not None and number_of.value is not None
        assert row[0] == verdict.layer and row[1] == f"{verdict.speed:.4f}"
        assert row[3].startswith(f"{number_of.value:.4f} ") and row[-1] == verdict.verdict


def test_a_snapshot_in_a_notebook_has_all_numbers_below(tmp_path: Path) -> None:
    layers = Layers()
    with livecca.Monitor(tmp_path / "run", compare_before=[1]) as monitor:
        for epoch in range(3):
            probe_pass(monitor, layers, epoch)
            report = monitor.snapshot(epoch)
        page = report._repr_html_()
    rows = cells_of(page.split("<details>")[1])
    assert [(row[0], row[1], row[2], row[3]) for row in rows[:4]] == [
        (row.layer, row.reference, row.measure, f"{row.value:.4f}")
        for reference in ("start", "before-1")
        for row in report.measures
        if (row.reference, row.measure) == (reference, "pwcca_distance")
    ]
    assert len(rows) == len(report.measures) == 16
    assert all(re.fullmatch(r"0\.\d{4}", row[4]) for row in rows[:4])


def direction(layer: str, word: str) -> DirectionRow:
    return DirectionRow(
        layer=layer,
        reference="start",
        reference_layer=layer,
        measure="pwcca_distance",
        direction=word,
    )


def test_the_verdict_is_that_of_the_layer_and_says_where_it_goes() -> None:
    rows = [number(), number(layer="fc2"), number(layer="fc2", stream="train", value=0.125)]
    verdicts = [
        VerdictRow(layer="fc1", verdict="wandering", speed=0.5),
        VerdictRow(layer="fc2", verdict="settled", since_epoch=0),
        direction("fc1", "leaving"),
        direction("fc2", "keeping"),
        VerdictRow(layer="fc2", verdict="best_match_elsewhere", reference="start", message="m"),
    ]
    report = snapshot_of([*rows, *verdicts])
    lines = str(report).splitlines()
    heads, first, second = (re.split(r"  +", line) for line in lines[3:6])
    assert heads == ["layer", "an epoch", "yet to go", "to start", "floor", "to start, train",
                     "floor", "verdict"]  # fmt: skip
    assert first == ["fc1", "0.5000", "-", "0.2500 ↑", "0.7500", "-", "-", "wandering"]
    assert second == ["fc2", "-", "-", "0.2500 =", "0.7500", "0.1250", "0.7500", "settled since 0"]
    assert lines[0] == "epoch 0, pwcca_distance"
    assert lines[1] == "1 of 2 layers has settled; fc1 wanders most, by 0.5000 an epoch"
    shown = [row[6] for row in cells_of(report._repr_html_().split("<details>")[1])]
    assert shown == ["wandering, leaving", "settled", ""]


def test_remarks_of_verdicts_and_their_record_are_said() -> None:
    words = "the learning rate fell from 0.1 to 0.01 since the snapshot before"
    verdicts = [VerdictRow(layer="fc1", verdict="moving", message=words)]
    report = snapshot_of([number(), number(layer="fc2"), *verdicts])
    assert f"fc1: {words}" in str(report).splitlines() and words in report._repr_html_()
    records = [
        VerdictRecordRow(settled=43, held=41, early=2),
        VerdictRecordRow(layer="fc2", settled=20, held=18, early=2),
    ]
    final = FinalReport([number(reference="final"), *records])
    said = '"settled" was right in 41 of 43 cases, too early most often for fc2 (2 of 20)'
    assert said in str(final).splitlines()
    assert "41 of 43 cases" in final._repr_html_()
    assert "cases" not in str(FinalReport([number(reference="final")]))


def test_wide_names_are_cut_in_text_and_whole_in_a_notebook() -> None:
    names = [f"encoder.layers.{i}.attention.output.dense" for i in range(3)]
    references = [f"seed{i}" for i in range(9)]
    rows = [number(layer=name, reference=reference) for name in names for reference in references]
    rows += [VerdictRow(layer=name, verdict="moving") for name in names]
    report = snapshot_of(rows)
    assert max(map(len, str(report).splitlines())) <= 100
    assert "\n…1.attention.output.dense  " in str(report)
    assert "there is no room for to seed" in str(report)
    assert [row[0] for row in cells_of(report._repr_html_())[:3]] == names
    ends = [
        number(layer=name, reference="final", epoch=i, step=i) for name in names for i in range(30)
    ]
    final = FinalReport(ends, [VerdictRow(layer=names[1], verdict="settled", since_epoch=12)])
    lines = str(final).splitlines()
    assert max(map(len, lines[:6])) <= 100
    assert [line.endswith("settled since 12") for line in lines[3:6]] == [False, True, False]
    assert "29" in lines[2].split()


def test_alarms_have_a_line() -> None:
    alarms = [
        VerdictRow(layer="fc1", verdict="dead", message="64 of 64 neurons do not vary, rank 0"),
        VerdictRow(layer="fc2", verdict="dead", message="64 of 64 neurons do not vary, rank 0"),
        VerdictRow(layer="<a>", stream="train", verdict="exploding", message="too large"),
        VerdictRow(layer="b", verdict="best_match_elsewhere", reference="x", message="matches c"),
    ]
    quiet = [VerdictRow(layer="c", verdict=word) for word in ("moving", "undecided", "settled")]
    for rows in ([number()], []):
        report = snapshot_of([*rows, *alarms, *quiet])
        lines = [line for line in str(report).splitlines() if line.startswith("! ")]
        assert lines == [
            "! fc1, fc2, dead: 64 of 64 neurons do not vary, rank 0",
            "! <a> (train), exploding: too large",
            "! b, best_match_elsewhere: matches c",
        ]
        assert "! &lt;a&gt; (train), exploding: too large" in report._repr_html_()


def test_events_of_one_reason_have_one_line_without_a_folder() -> None:
    names = [f"fc{i}" for i in range(12)]
    path = "/home/some body/runs/a/history/snapshot-0002.safetensors"
    events = [
        EventRow(what="other_probe", subject=f"final/{name}", message=f"{path}: expected others")
        for name in names
    ]
    other = EventRow(what="other_probe", subject="final/last", message="expected something")
    lines = str(FinalReport([*events, other])).splitlines()[1:]
    assert lines == [
        "! other_probe, final/fc0, fc1, fc2, fc3, fc4, fc5, fc6, fc7 and 4 others: "
        "snapshot-0002.safetensors: expected others",
        "! other_probe, final/last: expected something",
    ]


def widths(bar: str) -> list[tuple[int, str]]:
    return [(int(w), c) for w, c in re.findall(r"width:(\d+)px;background:([a-z#0-9]+)\"", bar)]


@pytest.mark.parametrize(
    ("value", "floor", "is_distance", "pieces"),
    [
        # Of 120 pixels. A similarity is above its noise, a distance below it.
        (0.75, 0.25, False, [(30, "#888"), (60, "#2a7fd4")]),
        (0.1, 0.25, False, [(30, "#888")]),
        (0.25, 0.75, True, [(30, "#2a7fd4"), (60, "transparent"), (30, "#888")]),
        (0.9, 0.75, True, [(90, "#2a7fd4"), (30, "#888")]),
        (0.25, None, True, [(30, "#2a7fd4"), (90, "transparent")]),
        (None, 0.5, True, []),
    ],
)
def test_a_bar_has_grey_where_noise_alone_would_be(
    value: float | None, floor: float | None, is_distance: bool, pieces: list[tuple[int, str]]
) -> None:
    assert widths(html.bar(value, floor, is_distance=is_distance)) == pieces


def test_a_run_is_a_table_of_its_facts_in_a_notebook(tmp_path: Path) -> None:
    layers = Layers()
    with livecca.Monitor(tmp_path / "<run>", notes={"seed": "7"}, network="cnn") as monitor:
        for epoch in range(2):
            probe_pass(monitor, layers, epoch)
            monitor.snapshot(epoch)
    run = livecca.read_run(tmp_path / "<run>")
    page = run._repr_html_()
    facts = dict(cells_of(page))
    assert facts["network"] == "cnn" and facts["layers"] == "hidden, out" and facts["seed"] == "7"
    assert facts["latest epoch"] == "1" and facts["overhead rows"] == "2"
    assert facts["measure rows"] == str(len(run.of(MeasureRow)))
    assert "&lt;run&gt;" in page and "<run>" not in page


def test_a_second_finish_gives_the_same_report(tmp_path: Path) -> None:
    layers = Layers()
    monitor = livecca.Monitor(tmp_path / "run")
    for epoch in range(2):
        probe_pass(monitor, layers, epoch)
        monitor.snapshot(epoch)
    report = monitor.finish()
    assert report.measures and monitor.finish() is report
    monitor.close()
    assert monitor.finish() is report


def test_steps_of_sequences_are_not_called_images() -> None:
    x = np.random.default_rng(2).normal(size=(300, 8, 3))
    begin = "samples   2400 steps of 300 sequences, "
    moments = livecca.Moments(3, 3, layout="ntc")
    moments.update(x, x)
    panel = livecca.Panel({"a": "ntc", "b": "ntc"})
    panel.update({"a": x, "b": x})
    for result, rest in (
        (livecca.compare(x, x, layout="ntc"), "as much as about 2,400 independent samples"),
        (moments.compare(), "which are the effective samples"),
        (panel.compare("a", "b"), "which are the effective samples"),
    ):
        assert begin + rest in str(result) and "image" not in str(result)
    assert "900 positions of 300 images" in str(livecca.compare(x, x, layout="ncl"))


MARK = "~ no nearer than unrelated data of this size"


def test_numbers_that_say_no_more_than_chance_are_marked() -> None:
    rows = [
        number(value=0.8),
        number(layer="fc2"),
        number(layer="cka", measure="pwcca_distance", value=0.75),
    ]
    assert [row.is_like_unrelated for row in rows] == [True, False, True]
    alike = number(measure="linear_cka_similarity", value=0.1, noise_floor=0.1)
    assert alike.is_like_unrelated and not number(value=None).is_like_unrelated
    assert not number(noise_floor=None).is_like_unrelated
    text = str(snapshot_of(rows))
    assert [re.split(r"  +", line)[1].strip() for line in text.splitlines()[3:6]] == [
        "0.8000~",
        "0.2500",
        "0.7500~",
    ]
    assert MARK in text.replace("\n  ", " ")
    table, numbers = snapshot_of(rows)._repr_html_().split("<details>")
    assert [row[1].strip() for row in cells_of(table)] == ["0.8000~", "0.2500", "0.7500~"]
    assert [row[3] for row in cells_of(numbers)] == ["0.8000~", "0.2500", "0.7500~"]
    page = table + numbers
    assert MARK in page
    assert MARK not in str(snapshot_of(rows[1:2])) + snapshot_of(rows[1:2])._repr_html_()


def test_the_final_table_marks_numbers_and_has_the_order_of_the_network() -> None:
    def row(layer: str, epoch: int, value: float) -> MeasureRow:
        return number(layer=layer, reference="final", epoch=epoch, step=10 * epoch, value=value)

    rows = [
        row("conv2", 0, 0.9),
        row("fc", 0, 0.5),
        # Layers that the first snapshot lacks have their places all the same.
        row("conv1", 1, 0.2),
        row("conv2", 1, 0.3),
        row("conv10", 1, 0.2),
        row("fc", 1, 0.2),
    ]
    report = FinalReport(rows)
    lines = str(report).splitlines()
    assert [line.split()[0] for line in lines[3:7]] == ["conv1", "conv2", "conv10", "fc"]
    assert lines[4].split() == ["conv2", "0.900~", "0.300", "0.750"]
    assert MARK in lines
    assert MARK in report._repr_html_() and "0.900~" in report._repr_html_()
    assert MARK not in str(FinalReport(rows[1:]))


def test_the_final_table_says_where_numbers_are_no_trend_together() -> None:
    def rows_of(changes: dict[int, dict[str, Any]]) -> list[MeasureRow]:
        facts: dict[str, Any] = {"reference": "final", "effective_samples": 1000}
        rows = []
        for epoch in range(5):
            facts |= changes.get(epoch, {})
            rows.append(number(epoch=epoch, step=epoch, **facts))
        return rows

    def note(changes: dict[int, dict[str, Any]]) -> str:
        lines = str(FinalReport(rows_of(changes))).splitlines()
        return "".join(line for line in lines if line.startswith("! other samples"))

    begin = "! other samples, features or modes than before from epoch: fc1 "
    assert note({}) == ""
    assert note({2: {"effective_samples": 950, "noise_floor": 0.7}}) == ""
    assert note({2: {"effective_samples": 2000}}) == ""  # the floor stays
    assert note({2: {"effective_samples": 2000, "noise_floor": 0.8}}) == f"{begin}2"
    assert note({1: {"features": (16, 8)}, 3: {"features": (8, 8)}}) == f"{begin}1, fc1 3"
    assert note({4: {"modes": ("train", "eval")}}) == f"{begin}4"


def test_a_comparison_marks_what_unrelated_data_would_have_too() -> None:
    random = np.random.default_rng(11)
    x = random.standard_normal((400, 8))
    near = livecca.compare(x, x + 0.1 * random.standard_normal((400, 8)))
    assert "~" not in str(near) + near._repr_html_()
    facts = near.to_dict()
    facts["similarity"]["pwcca"] = facts["noise_floor"]["pwcca"]
    page = html.comparison(facts)
    assert [row[1] for row in cells_of(page) if row[1].endswith("~")] == [
        f"{facts['noise_floor']['pwcca']:.4f}~"
    ]
    assert MARK in page
