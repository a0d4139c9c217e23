"""Scores over training and over size."""

from __future__ import annotations

import math
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
    "flops": "Training FLOPs (6 · parameters · tokens)",
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
) -> go.Figure:
    """One side (D, G or balance) over tokens or steps, a line per series, with stage boundaries, the onset of collapse (×) and where gains flatten (▢)."""
    figure = go.Figure()
    looks = colour_of(list(points["line"].astype(str)))
    ticks: dict[str, Any] = {}
    points = points.assign(place=points[over].astype(float))
    if log:  # a logarithm has no zero: the base stands half a decade before the first step
        points, ticks = _with_zero(points, over)
        onsets, flats = (
            (m if m is None or m.empty else m.assign(**{over: m[over].astype(float).clip(lower=ticks["zero"])}))
            for m in (onsets, flats)
        )
    for line, members in points.groupby("line", sort=False):
        colour, marker = looks[str(line)]
        members = members[members[side].notna()]
        if f"{side}_low" in members and members[f"{side}_low"].notna().all() and len(members) > 1 and len(looks) <= MOST_BANDS:
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
                hovertext=[_told(row, over, side) for _, row in members.iterrows()],
                hoverinfo="text",
            )
        )  # fmt: skip
        _stages(figure, members, over)
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


def _stages(figure: go.Figure, members: pd.DataFrame, over: str) -> None:
    """A thin line where the stage changes."""
    if "stage" not in members:
        return
    stage = members["stage"].astype(object).where(members["stage"].notna(), None).tolist()
    places = members[over].tolist()
    for before, after, at in zip(stage, stage[1:], places, strict=False):
        if before is not None and after is not None and before != after:
            figure.add_vline(
                x=at, line={"width": 1, "dash": "dot", "color": "#888"}, annotation_text=plain(after), annotation_font_size=10
            )


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
            hovertext=[_told(row.rename({over: "place"}), over, side) for _, row in rows.iterrows()],
            hoverinfo="text",
        )
    )  # fmt: skip
    laid_out(figure, AXES[over], TITLES[side], height=440)
    ticks = size_ticks(list(rows[over].astype(float))) if over == "parameters" else {}
    figure.update_xaxes(type="log", **(ticks or {"dtick": 1, "exponentformat": "power"}))
    return figure


def _told(row: pd.Series, over: str, side: str) -> str:
    """What the pointer shows: name, true place, score with its interval."""
    place = (
        size_name(row["place"]) if over == "parameters" else f"{row['place']:,.0f}" if row["place"] < 1e7 else f"{row['place']:.3g}"
    )
    interval = f" ({number(row[f'{side}_low'])} to {number(row[f'{side}_high'])})" if f"{side}_low" in row else ""
    return f"<b>{plain(row['checkpoint'])}</b><br>{AXES[over].partition(' (')[0]} {place}<br>{TITLES[side]} {number(row[side])}{interval}"


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},.13)"
