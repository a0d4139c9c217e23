"""All checkpoints as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from equipoise.leaderboard.figures import size_name
from equipoise.leaderboard.views._common import chosen, current, open_checkpoint

SHOWN = ["checkpoint", "verdict", "balance", "D", "G", "delta_G", "retention", "size", "step", "tokens", "mix"]
NUMBERS = {
    "balance": ("Balance", "√(D · G): what is good on both sides"),
    "D": ("D", "Domain score"),
    "D_low": ("D, low", "Lower end of the 95 % interval"),
    "D_high": ("D, high", "Upper end of the 95 % interval"),
    "G": ("G", "General score: 0 is guessing, 1 is perfect"),
    "G_low": ("G, low", "Lower end of the 95 % interval"),
    "G_high": ("G, high", "Upper end of the 95 % interval"),
    "delta_D": ("ΔD", "Difference to the base"),
    "delta_G": ("ΔG", "Difference to the base"),
    "delta_G_low": ("ΔG, low", "One-sided 95 % bound"),
    "delta_G_high": ("ΔG, high", "One-sided 95 % bound"),
    "retention": ("Retention", "G ÷ G of the base, where the base is surely above chance"),
    "learning_rate": ("Learning rate", ""),
}


def page() -> None:
    """The table, its filters, its columns, its download."""
    found = current("Board")
    if found is None:
        return
    rows = chosen(found.rows).reset_index(drop=True)
    if rows.empty:
        return
    table = rows.assign(size=[size_name(p) for p in rows["parameters"].astype("float")])
    every = [
        *SHOWN,
        "D_low",
        "D_high",
        "G_low",
        "G_high",
        "delta_D",
        "delta_G_low",
        "delta_G_high",
        "paired",
        "on_front",
        "series",
        "base",
        "seed",
        "stage",
        "learning_rate",
        "kind",
        "date",
    ]
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with left:
        columns = st.multiselect("Columns", every, SHOWN, key="columns", bind="query-params", persist_state="session")
    with right:
        st.download_button(
            "CSV", rows.to_csv(index=False).encode(), "board.csv", "text/csv", width="stretch", icon=":material/download:"
        )
    settings = {
        name: st.column_config.NumberColumn(label, help=note or None, format="%.3f") for name, (label, note) in NUMBERS.items()
    }
    settings["learning_rate"] = st.column_config.NumberColumn("Learning rate", format="%.2e")
    settings |= {"step": st.column_config.NumberColumn("Step"), "tokens": st.column_config.NumberColumn("Tokens", format="compact")}
    event = st.dataframe(
        table[columns or SHOWN], hide_index=True, height=min(720, 80 + 35 * len(table)), column_config=settings, on_select="rerun",
        selection_mode="single-row", key="board_table", placeholder="",
    )  # fmt: skip
    _opened(event, rows)
    st.caption(_legend(rows))


def _opened(event: object, rows: pd.DataFrame) -> None:
    picked = getattr(getattr(event, "selection", None), "rows", None) or []
    if picked and picked[0] < len(rows):
        open_checkpoint(str(rows["checkpoint"].iloc[picked[0]]))


def _legend(rows: pd.DataFrame) -> str:
    parts = ["In the order of verdict, then balance. Click the box at a row's start to open a checkpoint."]
    if rows["paired"].any():
        parts.append("Verdicts are paired, document by document, where both runs have their samples.")
    if (~rows["paired"] & rows["delta_G"].notna()).any():
        parts.append("Without samples a difference is that of two independent means, and its bounds are wider.")
    if rows["verdict"].eq("unknown").any():
        parts.append("Unknown: no base, or an error that its file does not have; `series.yaml` can name a base.")
    return " ".join(parts)
