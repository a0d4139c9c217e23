"""Scores over training."""

from __future__ import annotations

import streamlit as st

from equipoise.leaderboard.figures import TITLES, training_figure
from equipoise.leaderboard.frames import collapse_onset, flattening, training_points
from equipoise.leaderboard.views._common import chosen, current, one_of, opened_point


def page() -> None:
    """One picture per side, along tokens or steps."""
    found = current("Training")
    if found is None:
        return
    rows = chosen(found.rows)
    axes = [over for over in ("tokens", "step") if rows[over].notna().any()]
    if not axes:
        st.info("No checkpoint says its step or tokens. `checkpoint.json`, a name like `run@step500`, or `series.yaml` can:")
        st.code('checkpoints:\n  "run-500": {step: 500, tokens: 12m}', language="yaml")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        over = one_of("Along", {"tokens": "Tokens", "step": "Steps"}, axes, "over")
        log = st.toggle("Logarithmic", key="log", bind="query-params", persist_state="session")
    points = training_points(rows, over)
    onsets = collapse_onset(points, over)
    for side in ("balance", "D", "G"):
        if points[side].notna().any():
            flats = flattening(points, over, side) if side != "balance" else None
            st.subheader(TITLES[side])
            figure = training_figure(points, over, side, log=log, onsets=onsets, flats=flats)
            opened_point(
                st.plotly_chart(
                    figure, on_select="rerun", selection_mode="points", key=f"training_{side}", alt=f"{TITLES[side]} over training"
                )
            )
    st.caption(
        "Bands: 95 % intervals. × marks where a collapse sets in that lasts; □ the checkpoint after which none lies above its interval. "
        "One line is one run: training noise is not in the bands."
    )
