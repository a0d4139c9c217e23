"""Differences to the base, line by line."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from equipoise.harness_ext.compare import Compared, Difference
from equipoise.leaderboard.figures._style import laid_out, plain

GAIN, LOSS, UNSURE = "#0072B2", "#D55E00", "#8A8A8A"


def forest_figure(compared: Compared) -> go.Figure:
    """Dimensions, categories, tasks and abilities of one checkpoint with 95 % intervals; filled and coloured where shown after Holm's adjustment.

    The pale bars are what a line could detect four times in five.
    """
    lines = _lines(compared)
    names = [f"{group} · {plain(line.name)}" for group, line in lines]
    figure = go.Figure()
    reach = [min(line.detectable, 2.0) if math.isfinite(line.detectable) else 2.0 for _, line in lines]
    figure.add_trace(
        go.Bar(
            y=names,
            x=[2 * r for r in reach],
            base=[-r for r in reach],
            orientation="h",
            marker_color="rgba(130,130,130,.16)",
            width=0.7,
            name="detectable",
            hoverinfo="skip",
        )
    )
    for label, colour, symbol in (
        ("shown better", GAIN, "circle"),
        ("shown worse", LOSS, "circle"),
        ("not established", UNSURE, "circle-open"),
    ):
        mine = [(name, line) for name, (_, line) in zip(names, lines, strict=True) if _label(line) == label]
        if mine:
            figure.add_trace(_points(label, colour, symbol, mine))
    widest = max([0.05, *(abs(v) for _, line in lines for v in (line.low, line.high) if math.isfinite(v))])
    laid_out(figure, "difference to the base", "", height=120 + 26 * len(lines))
    figure.update_xaxes(range=[-1.1 * widest, 1.1 * widest], zeroline=True)
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    return figure


def _lines(compared: Compared) -> list[tuple[str, Difference]]:
    found: list[tuple[str, Difference]] = []
    if compared.domain:
        found += [("domain", line) for line in (compared.domain.difference, *compared.domain.dimensions)]
        found += [("category", line) for line in compared.domain.categories]
        found += [("task", line) for line in compared.domain.tasks]
    if compared.general:
        found += [("ability", line) for a in compared.general.abilities for line in (a.difference, *a.parts)]
    return found


def _label(line: Difference) -> str:
    if line.adjusted >= 0.05:
        return "not established"
    return "shown better" if line.gain else "shown worse"


def _points(label: str, colour: str, symbol: str, mine: list[tuple[str, Difference]]) -> go.Scatter:
    def bar(end: float, mean: float) -> float:
        return abs(end - mean) if math.isfinite(end) else 0.0

    return go.Scatter(
        x=[line.mean for _, line in mine],
        y=[name for name, _ in mine],
        mode="markers",
        name=label,
        marker={"color": colour, "size": 10, "symbol": symbol, "line": {"width": 2, "color": colour}},
        error_x={
            "type": "data", "symmetric": False, "color": colour, "width": 0,
            "array": [bar(line.high, line.mean) for _, line in mine], "arrayminus": [bar(line.low, line.mean) for _, line in mine],
        },
        hovertext=[f"{plain(line.name)}: {line.base:.3f} → {line.value:.3f}<br>{line.mean:+.3f} ({line.low:+.3f} to {line.high:+.3f}), Holm p {line.adjusted:.3f}" for _, line in mine],
        hoverinfo="text",
    )  # fmt: skip
