"""All checkpoints as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from equipoise.leaderboard.figures import mix_name
from equipoise.leaderboard.frames import rank_name
from equipoise.leaderboard.views._common import chosen, current, open_checkpoint
from equipoise.leaderboard.views._tables import table, title

SHOWN = ["checkpoint", "verdict", "balance", "rank", "D", "G", "delta_G", "mix", "critical", "parameters", "tokens", "retention"]
MORE = [
    *("step", "D_low", "D_high", "G_low", "G_high", "delta_D", "delta_G_low", "delta_G_high", "paired", "on_front"),
    *("series", "base", "recipe", "seed", "stage", "learning_rate", "kind", "date"),
]


def page() -> None:
    """The table, its filters, its columns, its download."""
    found = current("Board")
    if found is None:
        return
    rows = chosen(found.rows).reset_index(drop=True)
    if rows.empty:
        return
    shown = rows.assign(mix=rows["mix"].map(mix_name), rank=_ranks(rows))
    every = found.rows.assign(rank=found.rows["rank_best"])
    empty = {name for name in (*SHOWN, *MORE) if every[name].isna().all()}  # of all rows: a filter changes no columns
    event = table(
        shown[_columns(empty)],
        on_select="rerun",
        selection_mode="single-row",
        key="board_table",
        alt="Checkpoints in the order of the board",
    )
    _opened(event, rows)
    left, right = st.columns([5, 1])
    left.caption(_legend(rows))
    right.download_button(
        "CSV",
        rows.to_csv(index=False).encode(),
        "board.csv",
        "text/csv",
        width="stretch",
        icon=":material/download:",
        help="These rows, all columns",
    )


def _ranks(rows: pd.DataFrame) -> pd.Series:
    names = [rank_name(best, worst) for best, worst in zip(rows["rank_best"], rows["rank_worst"], strict=True)]
    return pd.Series(names, index=rows.index, dtype="str")


def _columns(empty: set[str]) -> list[str]:
    """The columns picked; at first those of `SHOWN` that say something."""
    with st.popover("Columns", icon=":material/view_column:"):
        picked: list[str] = st.multiselect(
            "Columns", [*SHOWN, *MORE], [name for name in SHOWN if name not in empty], format_func=title, key="columns",
            bind="query-params", persist_state="session", label_visibility="collapsed",
        )  # fmt: skip
    return picked or SHOWN


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
