"""Scores over training and over size."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from equipoise.leaderboard.figures._style import LINES, colour_of, laid_out, number, plain
from equipoise.leaderboard.frames import Fit

TITLES = {"D": "domain score D", "G": "general score G", "balance": "balance √(D · G)"}
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
    for line, members in points.groupby("line", sort=False):
        colour, marker = looks[str(line)]
        members = members[members[side].notna()]
        if f"{side}_low" in members and members[f"{side}_low"].notna().all() and len(members) > 1 and len(looks) <= MOST_BANDS:
            figure.add_trace(
                go.Scatter(
                    x=[*members[over], *members[over][::-1]], y=[*members[f"{side}_high"], *members[f"{side}_low"][::-1]], mode="lines", fill="toself",
                    fillcolor=_faint(colour), line={"width": 0}, hoverinfo="skip", showlegend=False,
                )
            )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=members[over], y=members[side], mode="lines+markers", name=plain(line), customdata=members[["checkpoint"]].to_numpy(),
                line={"color": colour}, marker={"symbol": marker, "size": 8},
                hovertext=[f"<b>{plain(r.checkpoint)}</b><br>{over} {getattr(r, over):,}<br>{side} {number(getattr(r, side))}" for r in members.itertuples()],
                hoverinfo="text",
            )
        )  # fmt: skip
        _stages(figure, members, over)
    for marks, symbol, words in ((onsets, "x", "collapse from here on"), (flats, "square-open", "no gain shown after this")):
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
    laid_out(figure, f"trained {over}" if over == "tokens" else "optimizer steps", TITLES.get(side, side), height=420)
    if log:
        figure.update_xaxes(type="log")
    return figure


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
                x=[*fit.x, *fit.x[::-1]], y=[*fit.high, *fit.low[::-1]], mode="lines", fill="toself", fillcolor=_faint(LINES[0]), line={"width": 0},
                name="95 % band of the line", hoverinfo="skip",
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=fit.x, y=fit.y, mode="lines", line={"color": LINES[0], "dash": "dash"}, name="fitted line", hoverinfo="skip"
            )
        )
    rows = rows[rows[over].notna() & rows[side].notna()]
    up = rows[f"{side}_high"] - rows[side] if f"{side}_high" in rows else None
    bars = (
        {"type": "data", "array": up.fillna(0), "thickness": 1, "width": 0, "color": "rgba(120,120,120,.5)"}
        if up is not None
        else None
    )
    figure.add_trace(
        go.Scatter(
            x=rows[over], y=rows[side], mode="markers", name="checkpoints", customdata=rows[["checkpoint"]].to_numpy(), error_y=bars,
            marker={"color": LINES[1], "size": 9},
            hovertext=[f"<b>{plain(r.checkpoint)}</b><br>{over} {getattr(r, over):.3g}<br>{side} {number(getattr(r, side))}" for r in rows.itertuples()],
            hoverinfo="text",
        )
    )  # fmt: skip
    laid_out(
        figure,
        {"parameters": "parameters", "flops": "training FLOPs (6 · parameters · tokens)"}.get(over, over),
        TITLES.get(side, side),
        height=440,
    )
    figure.update_xaxes(type="log")
    return figure


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},.13)"
