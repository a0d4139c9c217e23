"""Scores over model size and training compute."""

from __future__ import annotations

import streamlit as st

from equipoise.leaderboard.figures import TITLES, size_figure
from equipoise.leaderboard.frames import marginal_gain, size_fit
from equipoise.leaderboard.views._common import chosen, current, opened_point


def page() -> None:
    """One side over size, a fitted line where the data carries one, and what a doubling buys."""
    found = current("Size")
    if found is None:
        return
    rows = chosen(found.rows)
    rows = rows.assign(flops=6.0 * rows["parameters"].astype(float) * rows["tokens"].astype(float))
    axes = [over for over in ("parameters", "flops") if rows[over].notna().any()]
    if not axes:
        st.info("No checkpoint says its size. `checkpoint.json`, a name like `llama-1.4b`, or `series.yaml` can.")
        return
    left, middle, right = st.columns([1, 1, 2])
    with left:
        over = str(
            st.segmented_control(
                "Along", axes, default=axes[0], required=True, key="along", bind="query-params", persist_state="session"
            )
        )
    with middle:
        side = str(
            st.segmented_control(
                "Score", ["balance", "D", "G"], default="G", required=True, key="side", bind="query-params", persist_state="session"
            )
        )
    with right:
        last = st.toggle("Only the last checkpoint of each series", True, key="last", bind="query-params", persist_state="session")
    if last:
        rows = (
            rows.sort_values(["tokens", "step"])
            .groupby(rows["series"].astype(object).fillna(rows["checkpoint"]), sort=False)
            .tail(1)
        )
    shown = rows[rows[over].notna() & rows[side].notna()]
    if shown.empty:
        st.info(f"No checkpoint has both {over} and {TITLES[side]}.")
        return
    fit = size_fit(shown[over].astype(float), shown[side])
    opened_point(
        st.plotly_chart(size_figure(shown, over, side, fit), on_select="rerun", selection_mode="points", key="size_picture")
    )
    if fit is None:
        st.caption("No line: fewer than four sizes, or a slope whose 95 % interval holds zero.")
    else:
        st.caption(f"Per tenfold {over}: {fit.slope.mean:+.3f} ({fit.slope.low:+.3f} to {fit.slope.high:+.3f}).")
    gains = marginal_gain(shown[over].astype(float), shown[side])
    if len(gains):
        st.subheader("What a doubling buys")
        st.dataframe(
            gains,
            hide_index=True,
            column_config={
                "from": st.column_config.NumberColumn(format="compact"),
                "to": st.column_config.NumberColumn(format="compact"),
                "gain": st.column_config.NumberColumn("Gain per doubling", format="%.3f"),
            },
        )
