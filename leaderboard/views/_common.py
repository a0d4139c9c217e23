"""What the pages share: the sidebar, empty states, choices that live in the URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard import data
from equipoise.leaderboard.figures import size_name
from equipoise.leaderboard.frames import VERDICTS, filtered
from equipoise.leaderboard.text import counted_as, escaped, whole
from equipoise.leaderboard.views._tables import table

COMMANDS = """equipoise score RUN --base BASE --tasks equipoise --results FOLDER
lm_eval --model hf --model_args pretrained=MODEL --tasks monetization45,gsm8k --log_samples --output_path FOLDER"""


def current(title: str) -> data.Board | None:
    """The title, the sidebar and the board; None where there is nothing to show yet, which is then said."""
    st.title(title)
    st.session_state["moved"] = st.session_state.get("at") not in (title, None)
    st.session_state["at"] = title
    restore("margin")
    with st.sidebar:
        st.caption("A built-in example" if data.is_example() else f"Results in **{escaped(place(data.folder()), 80)}**")
        margin = st.number_input(
            "Margin", 0.005, 0.5, 0.03 if "margin" not in st.session_state else "min", 0.005, format="%.3f", key="margin",
            bind="query-params", persist_state="session", help="The largest loss of general ability, above chance, that counts as none.",
        )  # fmt: skip
        live = st.toggle(
            "Live", key="live", bind="query-params", persist_state="session", help="Looks for new results every five seconds."
        )
    keep("margin")
    if live:
        _watch()
    try:
        found = data.load(float(margin))
    except EquipoiseError as error:
        st.error(said(error))
        return None
    if data.trouble():
        st.error(said(data.trouble()))
    if found.rows.empty:
        st.info(
            "No results here yet. This page reads what lm-eval and `equipoise score` write, and shows them as soon as they are there:"
        )
        st.code(COMMANDS, language="bash")
        st.markdown("`equipoise leaderboard` without a folder shows a built-in example.")
        _problems(found)
        return None
    with st.sidebar:
        _problems(found)
    return found


def place(folder: str) -> str:
    """The end of a folder's path, or a URL without user and query: enough to know it by, and no map of the server."""
    if "://" not in folder:
        return "/".join(Path(folder).parts[-2:])
    scheme, _, rest = folder.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def said(error: object, *, plain: bool = False) -> str:
    """An error in words for the page, paths from the result folder on; `plain` for a table, which reads no Markdown."""
    root, words = data.folder().rstrip("/"), str(error)
    for start in (root,) if "://" in root else (str(Path(root).resolve()), str(Path(root).absolute())):
        words = words.replace(f"{start}/", "").replace(start, place(root))
    return whole(words) if plain else escaped(words, 600)


@st.fragment(run_every=5.0)
def _watch() -> None:
    """Run the page again when files have changed."""
    before = st.session_state.get("version")
    st.session_state["version"] = data.version()
    if before is not None and before != st.session_state["version"]:
        st.rerun()


def _problems(found: data.Board) -> None:
    if len(found.problems):
        with st.expander(counted_as(len(found.problems), "problem with a file", "problems with files")):
            table(found.problems)
    if len(found.not_counted):
        with st.expander(counted_as(len(found.not_counted), "run that does not count", "runs that do not count")):
            st.caption(
                "Another run of the same checkpoint and task does: one of more documents, with the settings of most checkpoints, or newer."
            )
            table(found.not_counted)
    if len(found.unpaired):
        with st.expander(counted_as(len(found.unpaired), "verdict not paired", "verdicts not paired")):
            st.caption("Taken from two independent errors instead, which is wider.")
            table(found.unpaired.assign(reason=[said(reason, plain=True) for reason in found.unpaired["reason"]]))
    if found.left_out:
        with st.expander(counted_as(len(found.left_out), "task in no score", "tasks in no score")):
            st.caption("Their chance level or direction is not known. A `series.yaml` in the folder can give a task a role.")
            table(pd.DataFrame({"task": found.left_out}))


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """The filters, and the rows that pass them."""
    left, middle, right, last = st.columns([3, 3, 2, 3])
    known_series = sorted(rows["series"].dropna().astype(str).unique())
    names: dict[str, list[int]] = {}
    for size in sorted(int(p) for p in rows["parameters"].dropna().unique()):
        names.setdefault(size_name(size), []).append(size)
    for key, options in {"series": known_series, "verdict": list(VERDICTS), "size": list(names), "name": None}.items():
        restore(key, options)
    with left:
        series = st.multiselect("Series", known_series, key="series", bind="query-params", persist_state="session")
    with middle:
        verdicts = st.multiselect("Verdict", VERDICTS, key="verdict", bind="query-params", persist_state="session")
    with right:
        picked = st.multiselect("Size", list(names), key="size", bind="query-params", persist_state="session")
    with last:
        text = st.text_input("Name contains", key="name", bind="query-params", persist_state="session")
    keep("series", "verdict", "size", "name")
    found = filtered(rows, series=series, verdicts=verdicts, sizes=[size for name in picked for size in names[name]], text=text)
    if found.empty:
        st.info("No checkpoint passes these filters.")
    return found


def restore(key: str, options: Sequence[str] | None = None) -> None:
    """Before a widget: give it the value that it had on another page, without what is no longer an option.

    Streamlit does not show a value on another page that came with the URL, unless it is set once more there.
    """
    value = st.session_state.get(key)
    fresh = value is None and key not in st.query_params
    if fresh:
        value = _kept().get(key)
    wanted = [one for one in value if one in options] if isinstance(value, list) and options is not None else value
    if wanted is not None and (fresh or wanted != value or (st.session_state["moved"] and key not in st.query_params)):
        st.session_state[key] = wanted


def keep(*keys: str) -> None:
    """After the widgets: remember their values for `restore`."""
    _kept().update({key: st.session_state[key] for key in keys if key in st.session_state})


def _kept() -> dict[str, Any]:
    found: dict[str, Any] = st.session_state.setdefault("kept", {})
    return found


def pick(label: str, names: Sequence[str], key: str) -> str:
    """One of several, kept in the URL by its name; at first the first one.

    That one is set, not left to the widget: Streamlit keeps a default out of the URL, and a link to it that was sent would show another one
    as soon as the order changes.
    """
    wanted = st.session_state.get(key, st.query_params.get(key))
    if wanted not in names:
        st.session_state[key] = kept if (kept := _kept().get(key)) in names else names[0]
        if wanted is not None:
            st.warning(f"{escaped(wanted)} is not here. This is {escaped(st.session_state[key])}.")
    restore(key)
    found = st.selectbox(label, list(names), index=None, key=key, bind="query-params", persist_state="session")
    keep(key)
    return str(found or names[0])


def one_of(label: str, words: Mapping[str, str], names: Sequence[str], key: str, default: str | None = None) -> str:
    """One of a few as buttons, kept in the URL; where there is one only, that one, and no button."""
    if len(names) == 1:
        return names[0]
    return str(
        st.segmented_control(
            label, names, default=default or names[0], required=True, key=key, format_func=lambda name: words.get(name, name),
            bind="query-params", persist_state="session", width="content",
        )
    )  # fmt: skip


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
