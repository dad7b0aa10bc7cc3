"""Small tables with bars for notebooks: HTML without scripts, in the notebook's own colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = "text-align:left;padding:2px 10px"
_BAR_PIXELS = 120
_GREY, _BLUE = "#888", "#2a7fd4"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def bar(value: float | None, floor: float | None, *, is_distance: bool = False) -> str:
    """From 0 to 1: grey where noise alone would be, blue up to the value.

    Noise reaches from 0 to the floor of a similarity, and from the floor of a distance to 1.
    """
    if value is None:
        return ""
    filled = _pixels(value)
    if is_distance:
        begin = _BAR_PIXELS if floor is None else _pixels(floor)
        filled = min(filled, begin)
        pieces = _piece(filled, _BLUE) + _piece(begin - filled, "transparent")
        pieces += _piece(_BAR_PIXELS - begin, _GREY)
    else:
        noise = _pixels(floor or 0.0)
        pieces = _piece(noise, _GREY) + _piece(max(filled, noise) - noise, _BLUE)
    style = f"display:inline-block;width:{_BAR_PIXELS}px;background:#8882;white-space:nowrap"
    return f'<span style="{style}">{pieces}</span>'


def _pixels(number: float) -> float:
    return min(max(number, 0.0), 1.0) * _BAR_PIXELS


def curve(values: Sequence[float | None], top: float = 1.0) -> str:
    """A line of numbers from 0 to top, from left to right; numbers that are missing are gaps."""
    if len(values) < 2:
        return ""
    wide, high = 120, 24
    parts: list[list[str]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            parts.append([])
            continue
        y = 1 + (high - 2) * (1 - min(max(value / top, 0.0), 1.0))
        parts[-1].append(f"{i * wide / (len(values) - 1):.1f},{y:.1f}")
    lines = "".join(
        f'<polyline points="{" ".join(part)}" fill="none" stroke="{_BLUE}" stroke-width="2"/>'
        for part in parts
        if part
    )
    return f'<svg width="{wide}" height="{high}" style="background:#8882">{lines}</svg>'


def _piece(pixels: float, colour: str) -> str:
    if pixels < 0.5:
        return ""
    style = f"display:inline-block;height:10px;width:{pixels:.0f}px;background:{colour}"
    return f'<span style="{style}"></span>'


def paragraphs(texts: Iterable[str]) -> str:
    """A paragraph for each text."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], *notes: str) -> str:
    """Cells are HTML already; heads and notes are text."""
    head = "".join(f'<th style="{_STYLE}">{escape(text)}</th>' for text in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_STYLE}">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{paragraphs(notes)}"


def details(summary: str, content: str) -> str:
    """Content that is HTML, folded away."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def comparison(facts: Mapping[str, Any]) -> str:
    """The result of a comparison, as to_dict() gives it."""
    names = list(dict.fromkeys([*facts["similarity"], *facts["distance"]]))
    rows = []
    marks = False
    for name in names:
        similarity = facts["similarity"].get(name)
        floor = facts["noise_floor"].get(name)
        is_noise = similarity is not None and floor is not None and similarity <= floor
        marks |= is_noise
        rows.append(
            (
                escape(name),
                _number(similarity) + ("~" if is_noise else ""),
                _number(facts["distance"].get(name)),
                _number(floor),
                bar(similarity, floor),
            )
        )
    note = (
        f"status {facts['status']}; {facts['samples']} samples; grey: what noise alone would give"
    )
    legend = ["~ no nearer than unrelated data of this size"] if marks else []
    heads = ("measure", "similarity", "distance", "noise floor", "0 … 1")
    return table(heads, rows, note, *legend)
