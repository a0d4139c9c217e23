"""Domain score against general score."""

from __future__ import annotations

import streamlit as st

from equipoise.leaderboard.figures import balance_figure
from equipoise.leaderboard.frames import with_bases
from equipoise.leaderboard.views._common import chosen, current, opened_point


def page() -> None:
    """The picture; a click opens the checkpoint."""
    found = current("Balance")
    if found is None:
        return
    rows = chosen(found.rows)
    if rows.empty:
        return
    rows = with_bases(rows, found.rows)
    rows = rows[rows["D"].notna() & rows["G"].notna()]
    if rows.empty:
        st.info(
            "No checkpoint has both a domain and a general score. `series.yaml` in the folder can give any task the role `domain`:"
        )
        st.code('roles:\n  "mmlu_marketing": domain', language="yaml")
        return
    event = st.plotly_chart(
        balance_figure(rows),
        on_select="rerun",
        selection_mode="points",
        key="balance_picture",
        alt="Domain score against general score",
    )
    opened_point(event)
    st.caption(
        "Bars: 95 % intervals of each score alone. Dotted: lines of equal balance. Arrows: from the base. Click a point to open it; "
        "the Board opens checkpoints by keyboard."
    )
