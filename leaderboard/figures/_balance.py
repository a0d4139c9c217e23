"""D against G: who is better at our work, and what it cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from equipoise.leaderboard.figures._style import MOST_BARS, MOST_LABELS, SCALE, error_bars, laid_out, number, plain, size_name
from equipoise.leaderboard.frames import iso_balance

SYMBOLS = {"no collapse": "circle", "inconclusive": "circle-open", "collapse": "x", "base": "diamond", "unknown": "circle-open-dot"}


def balance_figure(rows: pd.DataFrame, *, margin: float = 0.03) -> go.Figure:
    """A board's checkpoints as points: verdict as marker, size as colour, intervals, Pareto front, arrows from the base, lines of equal balance.

    Each point carries its checkpoint's name as `customdata`. Of more than 60 points only the intervals and arrows of the front are drawn.
    """
    rows = rows[rows["D"].notna() & rows["G"].notna()].reset_index(drop=True)
    figure = go.Figure()
    if rows.empty:
        return laid_out(figure, "domain score D", "general score G")
    crowded = len(rows) > MOST_BARS
    _iso_lines(figure, rows)
    _arrows(figure, rows[rows["on_front"]] if crowded else rows, rows)
    _front(figure, rows)
    sized = rows["parameters"].notna()
    logs = np.log10(rows["parameters"].astype(float).where(sized, np.nan).to_numpy())
    many_sizes = rows.loc[sized, "parameters"].nunique() > 1
    barred = rows.where(rows["on_front"] | rows["is_base"]) if crowded else rows
    for verdict, symbol in SYMBOLS.items():
        mine = rows["verdict"] == verdict
        if not mine.any():
            continue
        part, bars = rows[mine], barred[mine]
        colours = (
            {
                "color": np.nan_to_num(logs[mine], nan=np.nanmin(logs) if sized.any() else 0),
                "colorscale": SCALE,
                "cmin": np.nanmin(logs),
                "cmax": np.nanmax(logs),
            }
            if many_sizes
            else {"color": "#0072B2"}
        )
        figure.add_trace(
            go.Scatter(
                x=part["D"],
                y=part["G"],
                mode="markers+text" if len(rows) <= MOST_LABELS else "markers",
                text=[plain(name) for name in part["checkpoint"]],
                textposition="top center",
                name=verdict,
                customdata=part[["checkpoint"]].to_numpy(),
                marker={"symbol": symbol, "size": 9 if crowded else 13, "line": {"width": 1.5, "color": "#555"}, **colours},
                error_x={**error_bars(bars, "D"), "color": "rgba(120,120,120,.45)"},
                error_y={**error_bars(bars, "G"), "color": "rgba(120,120,120,.45)"},
                hovertext=[_told(row) for _, row in part.iterrows()],
                hoverinfo="text",
            )
        )
    return laid_out(figure, "domain score D", "general score G")


def _told(row: pd.Series) -> str:
    lines = [
        f"<b>{plain(row['checkpoint'])}</b>",
        f"D {number(row['D'])} ({number(row['D_low'])} to {number(row['D_high'])})",
        f"G {number(row['G'])} ({number(row['G_low'])} to {number(row['G_high'])})",
        f"balance {number(row['balance'])}, {row['verdict']}",
        f"size {size_name(row['parameters'])}",
    ]
    return "<br>".join(lines)


def _iso_lines(figure: go.Figure, rows: pd.DataFrame) -> None:
    top = rows["balance"].max()
    if not top > 0:
        return
    d = np.linspace(max(rows["D"].min() * 0.8, top / 50), max(rows["D"].max() * 1.15, top / 10), 120)
    low, high = rows["G"].min(), rows["G"].max()
    reach = max(0.05, high - low) * 0.4
    for share in (0.25, 0.5, 0.75, 1.0):
        g = iso_balance(share * top, d)
        shown = (g >= low - reach) & (g <= high + reach)
        if not shown.any():
            continue
        figure.add_trace(
            go.Scatter(
                x=d[shown], y=g[shown], mode="lines", line={"width": 1, "dash": "dot", "color": "rgba(130,130,130,.6)"},
                name=f"balance {share * top:.2f}", showlegend=False, hovertemplate=f"balance {share * top:.3f}<extra></extra>",
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
