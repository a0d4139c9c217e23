"""What the pages share: the sidebar, empty states, choices that live in the URL."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from equipoise.leaderboard import data
from equipoise.leaderboard.figures import size_name
from equipoise.leaderboard.frames import VERDICTS, filtered
from equipoise.leaderboard.text import escaped

COMMAND = "equipoise score RUN --base BASE --tasks equipoise --results FOLDER"


def current(title: str) -> data.Board | None:
    """The title, the sidebar and the board; None where there is nothing to show yet, which is then said."""
    st.title(title)
    with st.sidebar:
        st.caption(f"Results in **{escaped(data.folder(), 80)}**")
        margin = st.number_input(
            "Margin", 0.005, 0.5, 0.03, 0.005, format="%.3f", key="margin", bind="query-params", persist_state="session",
            help="The largest loss of general ability, above chance, that counts as none.",
        )  # fmt: skip
        live = st.toggle(
            "Live", key="live", bind="query-params", persist_state="session", help="Looks for new results every five seconds."
        )
    if live:
        _watch()
    found = data.load(float(margin))
    if data.trouble():
        st.error(escaped(data.trouble(), 400))
    if found.rows.empty:
        st.info("No results here yet. This page reads what lm-eval and `equipoise score` write; to make some:")
        st.code(COMMAND, language="bash")
        _problems(found)
        return None
    with st.sidebar:
        _problems(found)
    return found


@st.fragment(run_every=5.0)
def _watch() -> None:
    """Run the page again when files have changed."""
    before = st.session_state.get("version")
    st.session_state["version"] = data.version()
    if before is not None and before != st.session_state["version"]:
        st.rerun()


def _problems(found: data.Board) -> None:
    if len(found.problems):
        with st.expander(f"{len(found.problems)} files with problems"):
            st.dataframe(found.problems, hide_index=True)
    if len(found.duplicates):
        with st.expander(f"{len(found.duplicates)} superseded runs"):
            st.caption("A newer run of the same checkpoint, task and settings counts.")
            st.dataframe(found.duplicates, hide_index=True)
    if found.left_out:
        with st.expander(f"{len(found.left_out)} tasks in no score"):
            st.caption("Their chance level or direction is not known. A `series.yaml` in the folder can give a task a role.")
            st.dataframe(pd.DataFrame({"task": found.left_out}), hide_index=True)


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """The filters, and the rows that pass them."""
    left, middle, right, last = st.columns([3, 3, 2, 3])
    known_series = sorted(rows["series"].dropna().astype(str).unique())
    sizes = sorted(int(p) for p in rows["parameters"].dropna().unique())
    with left:
        series = st.multiselect("Series", known_series, key="series", bind="query-params", persist_state="session")
    with middle:
        present = [v for v in VERDICTS if (rows["verdict"] == v).any()]
        verdicts = st.multiselect("Verdict", present, key="verdict", bind="query-params", persist_state="session")
    with right:
        names = {size_name(p): p for p in sizes}
        picked = st.multiselect("Size", list(names), key="size", bind="query-params", persist_state="session")
    with last:
        text = st.text_input("Name contains", key="name", bind="query-params", persist_state="session")
    found = filtered(rows, series=series, verdicts=verdicts, sizes=[names[p] for p in picked], text=text)
    if found.empty:
        st.info("No checkpoint passes these filters.")
    return found


def pick(label: str, names: Sequence[str], key: str) -> str:
    """One checkpoint out of many, kept in the URL."""
    return str(st.selectbox(label, list(names), key=key, bind="query-params", persist_state="session"))


def open_checkpoint(name: str) -> None:
    """Go to the page of a checkpoint."""
    st.session_state["checkpoint"] = name
    st.switch_page(st.session_state["pages"]["checkpoint"], query_params={"checkpoint": name})


def opened_point(event: object) -> None:
    """Open the checkpoint of a point that was clicked."""
    points = getattr(getattr(event, "selection", None), "points", None) or []
    for point in points:
        custom = point.get("customdata")
        name = custom[0] if isinstance(custom, (list, tuple)) else (custom or {}).get("0") if isinstance(custom, dict) else custom
        if name:
            open_checkpoint(str(name))
