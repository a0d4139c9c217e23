"""Scores over training."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from equipoise.leaderboard.figures import TITLES, training_figure
from equipoise.leaderboard.frames import best_lines, collapse_onset, flattening, training_points
from equipoise.leaderboard.views._common import chosen, current, one_of, opened_point

MOST_LINES = 24
"""Lines in one picture: more are a tangle, and slow."""


def page() -> None:
    """One picture per side, along tokens or steps."""
    found = current("Training")
    if found is None:
        return
    rows = chosen(found.rows)
    if rows.empty:
        return
    axes = [over for over in ("tokens", "step") if found.rows[over].notna().any()]
    if not axes:
        st.info("No checkpoint says its step or tokens. `checkpoint.json`, a name like `run@step500`, or `series.yaml` can:")
        st.code('checkpoints:\n  "run-500": {step: 500, tokens: 12m}', language="yaml")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        over = one_of("Along", {"tokens": "Tokens", "step": "Steps"}, axes, "over")
        log = st.toggle("Logarithmic", key="log", bind="query-params", persist_state="session")
    every = training_points(found.rows, over)  # of all rows: a filter moves no mark
    lines = sorted(every["line"].astype(str).unique())
    own = every["checkpoint"].isin(rows["checkpoint"]) & ~every["head"]
    begins = (every["head"] | every["is_base"]) & every["line"].isin(every.loc[own, "line"])
    shown = own | begins
    points = best_lines(every[shown], MOST_LINES)
    if points.empty:
        st.info("None of these checkpoints says its step or tokens.")
        return
    if (count := every.loc[shown, "line"].nunique()) > MOST_LINES:
        st.caption(f"{MOST_LINES} of {count} lines: those with the best balance. The filters show others.")

    def drawn(marks: pd.DataFrame) -> pd.DataFrame:
        return marks[marks["checkpoint"].isin(points["checkpoint"]) & marks["line"].isin(points["line"])]

    onsets = drawn(collapse_onset(every, over))
    for side in ("balance", "D", "G"):
        if points[side].notna().any():
            flats = drawn(flattening(every, over, side)) if side != "balance" else None
            st.subheader(TITLES[side])
            figure = training_figure(points, over, side, log=log, onsets=onsets, flats=flats, lines=lines)
            opened_point(
                st.plotly_chart(
                    figure, on_select="rerun", selection_mode="points", key=f"training_{side}", alt=f"{TITLES[side]} over training"
                )
            )
    st.caption(
        "Bands: 95 % intervals. × marks where a collapse sets in that lasts; □ a checkpoint that is above the first one, and after which none lies above its interval. "
        "One line is one run: training noise is not in the bands."
    )
