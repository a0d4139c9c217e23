"""D against G: who is better at our work, and what it cost."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from equipoise.leaderboard.figures._style import (
    MOST_BARS,
    MOST_LABELS,
    SIZES,
    error_bars,
    laid_out,
    number,
    plain,
    size_name,
    size_ticks,
)
from equipoise.leaderboard.frames import iso_balance

SYMBOLS = {"no collapse": "circle", "inconclusive": "circle-open", "collapse": "x", "base": "diamond", "unknown": "circle-open-dot"}
LABELS = ("top left", "bottom right", "top right", "bottom left")
"""Where names stand, one after the other along D: neighbours apart."""
ACROSS, UP = "Domain score D", "General score G"


def balance_figure(rows: pd.DataFrame) -> go.Figure:
    """A board's checkpoints as points: verdict as marker, size as colour, intervals, Pareto front, arrows from the base, lines of equal balance.

    Each point carries its checkpoint's name as `customdata`. Of more than 60 points only the intervals and arrows of the front are drawn.
    """
    rows = rows[rows["D"].notna() & rows["G"].notna()].reset_index(drop=True)
    figure = go.Figure()
    if rows.empty:
        return laid_out(figure, ACROSS, UP)
    crowded = len(rows) > MOST_BARS
    across, up = _reach(rows, "D", crowded), _reach(rows, "G", crowded)
    _iso_lines(figure, rows["balance"].max(), across, up)
    _arrows(figure, rows[rows["on_front"]].head(MOST_BARS) if crowded else rows, rows)
    _front(figure, rows)
    sized = rows["parameters"].notna()
    logs = np.log10(rows["parameters"].astype(float).where(sized, np.nan).to_numpy())
    many_sizes = rows.loc[sized, "parameters"].nunique() > 1
    barred = rows.where(rows["on_front"] | rows["is_base"]) if crowded else rows
    places = np.array(LABELS)[(rows["D"].rank(method="first") % len(LABELS)).astype(int)]
    for (verdict, symbol), known in product(SYMBOLS.items(), (True, False) if many_sizes else (None,)):
        mine = (rows["verdict"] == verdict) & (True if known is None else sized == known)
        if not mine.any():
            continue
        part, bars = rows[mine], barred[mine]
        colours = {"color": logs[mine], "coloraxis": "coloraxis"} if known else {"color": "#0072B2" if known is None else "#9A9A9A"}
        figure.add_trace(
            go.Scatter(
                x=part["D"],
                y=part["G"],
                mode="markers+text" if len(rows) <= MOST_LABELS else "markers",
                text=[plain(name) for name in part["checkpoint"]],
                textposition=places[mine.to_numpy()],
                name=f"{verdict}, size unknown" if known is False else verdict,
                customdata=part[["checkpoint"]].to_numpy(),
                marker={"symbol": symbol, "size": 9 if crowded else 13, "line": {"width": 1.5, "color": "#555"}, **colours},
                error_x={**error_bars(bars, "D"), "color": "rgba(120,120,120,.45)"},
                error_y={**error_bars(bars, "G"), "color": "rgba(120,120,120,.45)"},
                hovertext=_told(part),
                hoverinfo="text",
            )
        )
    if many_sizes:
        ticks = size_ticks(list(rows.loc[sized, "parameters"].astype(float)))
        if ticks:
            ticks["tickvals"] = list(np.log10(ticks["tickvals"]))
        bar = {"title": {"text": "Size"}, "thickness": 12, "outlinewidth": 0, **ticks}
        figure.update_layout(coloraxis={"colorscale": [[i / (len(SIZES) - 1), c] for i, c in enumerate(SIZES)], "colorbar": bar})
    laid_out(figure, ACROSS, UP)
    figure.update_xaxes(range=across)
    figure.update_yaxes(range=up)
    return figure


def _reach(rows: pd.DataFrame, side: str, crowded: bool) -> list[float]:
    """The range of an axis: all points and the intervals that are drawn, and a little more."""
    barred = rows[rows["on_front"] | rows["is_base"]] if crowded else rows
    low = min(rows[side].min(), barred[f"{side}_low"].min(skipna=True) if barred[f"{side}_low"].notna().any() else np.inf)
    high = max(rows[side].max(), barred[f"{side}_high"].max(skipna=True) if barred[f"{side}_high"].notna().any() else -np.inf)
    room = 0.06 * max(high - low, 0.02)
    return [float(low - room), float(high + 1.6 * room)]


def _told(rows: pd.DataFrame) -> list[str]:
    """What the pointer shows at each row."""
    rows = rows.astype({"parameters": float})
    columns = ("checkpoint", "D", "D_low", "D_high", "G", "G_low", "G_high", "balance", "verdict", "parameters")
    return [
        f"<b>{plain(name)}</b><br>D {number(d)} ({number(d_low)} to {number(d_high)})<br>G {number(g)} ({number(g_low)} to {number(g_high)})"
        f"<br>balance {number(balance)}, {verdict}<br>size {size_name(size)}"
        for name, d, d_low, d_high, g, g_low, g_high, balance, verdict, size in zip(*(rows[c] for c in columns), strict=True)
    ]


def _iso_lines(figure: go.Figure, top: float, across: list[float], up: list[float]) -> None:
    """Lines of equal balance at quarters of the best one, each with its level where it leaves the picture."""
    if not top > 0:
        return
    d = np.geomspace(max(across[0], across[1] / 500), across[1], 200)
    for share in (0.25, 0.5, 0.75, 1.0):
        g = iso_balance(share * top, d)
        shown = (g >= up[0]) & (g <= up[1])
        if not shown.any():
            continue
        name = f"Balance {share * top:.2g}"
        figure.add_trace(
            go.Scatter(
                x=d[shown], y=g[shown], mode="lines+text", line={"width": 1, "dash": "dot", "color": "rgba(130,130,130,.7)"},
                text=[*[""] * (int(shown.sum()) - 1), f"{share * top:.2g}"], textposition="top left", textfont={"size": 11, "color": "#888"},
                name=name, showlegend=False, hovertemplate=f"{name}<extra></extra>",
            )
        )  # fmt: skip


def _front(figure: go.Figure, rows: pd.DataFrame) -> None:
    front = rows[rows["on_front"]].sort_values("D")
    if len(front) > 1:
        line = {"width": 2, "dash": "dash", "color": "#009E73"}
        figure.add_trace(go.Scatter(x=front["D"], y=front["G"], mode="lines", line=line, name="Pareto front", hoverinfo="skip"))


def _arrows(figure: go.Figure, shown: pd.DataFrame, rows: pd.DataFrame) -> None:
    places = rows.drop_duplicates("checkpoint").set_index("checkpoint")[["D", "G"]]
    for _, row in shown.iterrows():
        if row["base"] in places.index and row["base"] != row["checkpoint"]:
            start = places.loc[row["base"]]
            figure.add_annotation(
                x=row["D"], y=row["G"], ax=start["D"], ay=start["G"], xref="x", yref="y", axref="x", ayref="y", text="",
                showarrow=True, arrowhead=2, arrowwidth=1, arrowcolor="rgba(130,130,130,.55)", standoff=8, startstandoff=6,
            )  # fmt: skip
