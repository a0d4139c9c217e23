"""Scores over training and over size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from equipoise.leaderboard.figures._style import LINES, colour_of, error_bars, laid_out, number, plain, size_name, size_ticks
from equipoise.leaderboard.frames import Fit

TITLES = {"D": "Domain score D", "G": "General score G", "balance": "Balance √(D · G)"}
AXES = {
    "tokens": "Trained tokens",
    "step": "Optimizer steps",
    "parameters": "Parameters",
    "flops": "Training FLOPs, about (6 · parameters · trained tokens)",
}
MOST_BANDS = 8
"""Lines whose intervals are drawn as bands."""


def training_figure(
    points: pd.DataFrame,
    over: str,
    side: str,
    *,
    log: bool = False,
    onsets: pd.DataFrame | None = None,
    flats: pd.DataFrame | None = None,
    lines: Sequence[str] = (),
) -> go.Figure:
    """One side (D, G or balance) over tokens or steps, a line per series, with stage boundaries, the onset of collapse (×) and where gains flatten (▢).

    `lines`: the names of all lines there are, so that a line looks the same whichever others are drawn.
    """
    figure = go.Figure()
    looks = colour_of([*lines, *points["line"].astype(str)])
    ticks: dict[str, Any] = {}
    points = points.assign(place=points[over].astype(float))
    stages: set[tuple[float, str]] = set()
    if log:  # a logarithm has no zero: the base stands half a decade before the first step
        points, ticks = _with_zero(points, over)
        onsets, flats = (
            (m if m is None or m.empty else m.assign(**{over: m[over].astype(float).clip(lower=ticks["zero"])}))
            for m in (onsets, flats)
        )
    for line, members in points.groupby("line", sort=False):
        colour, marker = looks[str(line)]
        members = members[members[side].notna()]
        if (
            f"{side}_low" in members
            and members[f"{side}_low"].notna().all()
            and len(members) > 1
            and points["line"].nunique() <= MOST_BANDS
        ):
            figure.add_trace(
                go.Scatter(
                    x=[*members[over], *members[over][::-1]], y=[*members[f"{side}_high"], *members[f"{side}_low"][::-1]], mode="none", fill="toself",
                    fillcolor=_faint(colour), hoverinfo="skip", showlegend=False,
                )
            )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=members[over], y=members[side], mode="lines+markers", name=plain(line), customdata=members[["checkpoint"]].to_numpy(),
                line={"color": colour}, marker={"symbol": marker, "size": 8},
                hovertext=_told(members, members["place"], over, side),
                hoverinfo="text",
            )
        )  # fmt: skip
        stages |= _stages(members, over)
    for marks, symbol, words in ((onsets, "x", "Collapse from here on"), (flats, "square-open", "No gain shown after this")):
        if marks is not None and len(marks):
            heights = points.drop_duplicates("checkpoint").set_index("checkpoint")[side].reindex(marks["checkpoint"])
            figure.add_trace(
                go.Scatter(
                    x=marks[over],
                    y=heights,
                    mode="markers",
                    name=words,
                    marker={"symbol": symbol, "size": 17, "color": "#D55E00", "line": {"width": 2}},
                    hoverinfo="skip",
                )
            )
    laid_out(figure, AXES[over], TITLES[side], height=400)
    for at, stage in sorted(stages):
        figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"width": 1, "dash": "dot", "color": "#888"})
        place = math.log10(at) if log else at  # of the two only annotations want logarithms
        figure.add_annotation(x=place, y=1, yref="paper", text=plain(stage), showarrow=False, xanchor="left", font={"size": 10})
    if log:
        figure.update_xaxes(type="log", tickvals=ticks["values"], ticktext=ticks["texts"])
    return figure


def _with_zero(points: pd.DataFrame, over: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The points with zero moved to a place that a logarithmic axis has, that place, and ticks of the axis."""
    x = points[over].astype(float)
    first, last = (x[x > 0].min(), x.max()) if (x > 0).any() else (1.0, 1.0)
    zero = first / 3
    decades = [10.0**e for e in range(math.ceil(math.log10(first)), math.floor(math.log10(last)) + 1)]
    ticks = {"zero": zero, "values": [zero, *decades], "texts": ["0" if (x <= 0).any() else "", *[size_name(d) for d in decades]]}
    return points.assign(**{over: x.clip(lower=zero)}), ticks


def _stages(members: pd.DataFrame, over: str) -> set[tuple[float, str]]:
    """(place, new stage) where the stage of a line changes."""
    if "stage" not in members:
        return set()
    stage = members["stage"].astype(object).where(members["stage"].notna(), None).tolist()
    places = members[over].astype(float).tolist()
    changes = zip(stage, stage[1:], places, strict=False)
    return {(at, after) for before, after, at in changes if before is not None and after is not None and before != after}


def size_figure(rows: pd.DataFrame, over: str, side: str, fit: Fit | None) -> go.Figure:
    """One side against parameters or training FLOPs, with the fitted line and its band where the data carries one."""
    figure = go.Figure()
    if fit is not None:
        figure.add_trace(
            go.Scatter(
                x=[*fit.x, *fit.x[::-1]], y=[*fit.high, *fit.low[::-1]], mode="none", fill="toself", fillcolor=_faint(LINES[0]),
                name="95 % band of the line", hoverinfo="skip",
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=fit.x, y=fit.y, mode="lines", line={"color": LINES[0], "dash": "dash"}, name="Fitted line", hoverinfo="skip"
            )
        )
    rows = rows[rows[over].notna() & rows[side].notna()]
    bars = {**error_bars(rows, side), "color": "rgba(120,120,120,.5)"} if f"{side}_high" in rows else None
    figure.add_trace(
        go.Scatter(
            x=rows[over], y=rows[side], mode="markers", name="Checkpoints", customdata=rows[["checkpoint"]].to_numpy(), error_y=bars,
            marker={"color": LINES[1], "size": 9},
            hovertext=_told(rows, rows[over], over, side),
            hoverinfo="text",
        )
    )  # fmt: skip
    laid_out(figure, AXES[over], TITLES[side], height=440)
    ticks = size_ticks(list(rows[over].astype(float))) if over == "parameters" else {}
    figure.update_xaxes(type="log", **(ticks or {"dtick": 1, "exponentformat": "power"}))
    return figure


def _told(rows: pd.DataFrame, places: pd.Series, over: str, side: str) -> list[str]:
    """What the pointer shows at each row: name, true place, score with its interval."""
    axis = AXES[over].partition(" (")[0]
    unknown = pd.Series(math.nan, index=rows.index)
    low, high = (rows.get(f"{side}_{end}", unknown) for end in ("low", "high"))
    known = f"{side}_low" in rows
    return [
        f"<b>{plain(name)}</b><br>{axis} {_place(at, over)}<br>{TITLES[side]} {number(score)}"
        + (f" ({number(least)} to {number(most)})" if known else "")
        for name, at, score, least, most in zip(rows["checkpoint"], places.astype(float), rows[side], low, high, strict=True)
    ]


def _place(at: float, over: str) -> str:
    if over == "parameters":
        return size_name(at)
    return f"{at:,.0f}" if at < 1e7 else f"{at:.3g}"


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},.13)"
