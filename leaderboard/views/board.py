"""All checkpoints as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from equipoise.leaderboard.figures import mix_name
from equipoise.leaderboard.frames import VERDICTS
from equipoise.leaderboard.text import as_csv
from equipoise.leaderboard.views._common import chosen, current, open_checkpoint
from equipoise.leaderboard.views._tables import table, title

SHOWN = [
    "checkpoint",
    "verdict",
    "balance",
    "rank_best",
    "rank_worst",
    "D",
    "G",
    "delta_G",
    "mix",
    "critical",
    "parameters",
    "tokens",
    "retention",
]
MORE = [
    *("not_compared", "step", "D_low", "D_high", "G_low", "G_high", "delta_D", "delta_G_low", "delta_G_high", "paired", "on_front"),
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
    shown = rows.assign(mix=rows["mix"].map(mix_name))
    empty = {name for name in (*SHOWN, *MORE) if found.rows[name].isna().all()}  # of all rows: a filter changes no columns
    if _all_open(found.rows):
        empty |= {"rank_best", "rank_worst"}
    event = table(
        shown[_columns(empty)],
        on_select="rerun",
        selection_mode="single-row",
        key="board_table",
        alt="Checkpoints in the order of the board",
    )
    _opened(event, rows)
    left, right = st.columns([5, 1])
    left.caption(_legend(rows) + (" The errors leave every rank by D open." if _all_open(found.rows) else ""))
    right.download_button(
        "CSV",
        lambda: as_csv(rows),
        "board.csv",
        "text/csv",
        width="stretch",
        icon=":material/download:",
        help="These rows, all columns",
    )


def _all_open(rows: pd.DataFrame) -> bool:
    """Whether the errors leave every rank to everybody."""
    return bool(rows["rank_best"].nunique() == rows["rank_worst"].nunique() == 1 and len(rows) > 1)


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
    order = ", ".join(verdict for verdict in VERDICTS if rows["verdict"].eq(verdict).any())
    parts = [f"In the order of verdict ({order}), then balance. Click the box at a row's start to open a checkpoint."]
    if (rows["not_compared"] > 0).any():
        parts.append("Where general tasks of the base are not compared, no verdict is better than inconclusive.")
    if (rows["D"].notna() & rows["rank_best"].isna()).any():
        parts.append("Without a rank: scored on other domain tasks than most, or without an error.")
    if rows["paired"].any():
        parts.append("Verdicts are paired, document by document, where both runs have their samples.")
    if (~rows["paired"] & rows["delta_G"].notna()).any():
        parts.append("Without samples a difference is that of two independent means, and its bounds are wider.")
    if rows["verdict"].eq("unknown").any():
        parts.append("Unknown: no base, or an error that its file does not have; `series.yaml` can name a base.")
    return " ".join(parts)
