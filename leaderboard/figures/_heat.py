"""A table of scores as colours."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from equipoise.leaderboard.figures._style import SCALE, laid_out, plain


def heat_figure(table: pd.DataFrame, *, low: float = 0.0, high: float = 1.0) -> go.Figure:
    """`table` (rows × columns of scores) as a heat map with its numbers; missing cells are empty."""
    figure = go.Figure(
        go.Heatmap(
            z=table.to_numpy(dtype=float), x=[plain(c) for c in table.columns], y=[plain(i) for i in table.index], colorscale=SCALE, zmin=low, zmax=high,
            texttemplate="%{z:.2f}", hovertemplate="%{y}, %{x}: %{z:.3f}<extra></extra>", xgap=2, ygap=2, colorbar={"thickness": 12},
        )
    )  # fmt: skip
    laid_out(figure, "", "", height=120 + 32 * len(table))
    figure.update_yaxes(autorange="reversed")
    return figure
