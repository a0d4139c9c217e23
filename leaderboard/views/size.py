"""Scores over model size and training compute."""

from __future__ import annotations

import streamlit as st

from equipoise.leaderboard.figures import AXES, TITLES, size_figure
from equipoise.leaderboard.frames import marginal_gain, size_fit
from equipoise.leaderboard.views._common import chosen, current, one_of, opened_point
from equipoise.leaderboard.views._tables import table


def page() -> None:
    """One side over size, a fitted line where the data carries one, and what a doubling buys."""
    found = current("Size")
    if found is None:
        return
    rows = chosen(found.rows)
    if rows.empty:
        return
    rows = rows.assign(flops=6.0 * rows["parameters"].astype(float) * rows["tokens"].astype(float))
    axes = [over for over in ("parameters", "flops") if rows[over].notna().any()]
    if not axes:
        st.info("No checkpoint says its size. `checkpoint.json`, a name like `llama-1.4b`, or `series.yaml` can:")
        st.code('checkpoints:\n  "run-*": {size: 1.4b}', language="yaml")
        return
    sides = [side for side in ("balance", "D", "G") if (rows[side].notna() & rows[axes[0]].notna()).any()]
    if not sides:
        st.info("No checkpoint whose size is known has a score.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        over = one_of("Along", {"parameters": "Parameters", "flops": "FLOPs"}, axes, "along")
        side = one_of("Score", {"balance": "Balance", "D": "D", "G": "G"}, sides, "side", default=sides[-1])
        last = st.toggle("Only the last checkpoint of each series", True, key="last", bind="query-params", persist_state="session")
    if last:
        rows = (
            rows.sort_values(["tokens", "step"])
            .groupby(rows["series"].astype(object).fillna(rows["checkpoint"]), sort=False)
            .tail(1)
        )
    shown = rows[rows[over].notna() & rows[side].notna()]
    if shown.empty:
        st.info(f"No checkpoint has both: {AXES[over]}, {TITLES[side]}.")
        return
    fit = size_fit(shown[over].astype(float), shown[side])
    opened_point(
        st.plotly_chart(
            size_figure(shown, over, side, fit),
            on_select="rerun",
            selection_mode="points",
            key="size_picture",
            alt=f"{TITLES[side]} over size",
        )
    )
    if fit is None:
        st.caption("No line: fewer than four sizes, or a slope whose 95 % interval holds zero.")
    else:
        st.caption(
            f"Fitted line: {TITLES[side]} changes per tenfold {AXES[over]} by {fit.slope.mean:+.3f} ({fit.slope.low:+.3f} to {fit.slope.high:+.3f})."
        )
    gains = marginal_gain(shown[over].astype(float), shown[side])
    if len(gains):
        st.subheader("What a doubling buys")
        table(gains, alt="Gain per doubling between neighbours")
