"""Two to four checkpoints side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from equipoise.harness_ext.compare import Compared, Flipped
from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard import data
from equipoise.leaderboard.figures import balance_figure, forest_figure
from equipoise.leaderboard.reports import as_html, as_markdown, paragraph
from equipoise.leaderboard.text import counted_as, cut, escaped
from equipoise.leaderboard.views._common import current, pick, said
from equipoise.leaderboard.views._tables import table

MOST = 3
MOST_ITEMS = 40
SCORES = ["checkpoint", "verdict", "balance", "D", "D_low", "D_high", "G", "G_low", "G_high", "delta_D", "delta_G"]


def page() -> None:
    """Choose, compare, read, download."""
    found = current("Compare")
    if found is None:
        return
    names = list(found.rows["checkpoint"])
    if len(names) < 2:
        st.info("There is one checkpoint only: nothing to compare it with. Score its base too, or another checkpoint of its run.")
        return
    base, picked = _choice(found.rows)
    if not picked:
        st.info("Choose one to three checkpoints.")
        return
    margin = float(st.session_state.get("margin", 0.03))
    shown = found.rows[found.rows["checkpoint"].isin([base, *picked])]
    try:
        comparison = data.compared_with(base, tuple(picked), margin)
    except EquipoiseError as error:
        st.info("These cannot be compared item by item; their scores, from the files alone:")
        table(shown[SCORES], alt="Scores of the chosen checkpoints")
        st.caption(f"Why: {said(error)}")
        return
    for column, compared in zip(st.columns(len(comparison.compared)), comparison.compared, strict=True):
        with column:
            st.subheader(escaped(compared.name, 80))
            st.markdown(f"**{_titles(compared)}**")
            st.markdown(escaped(paragraph(comparison, compared), 2_000))
            for warning in compared.warnings:
                st.warning(escaped(warning, 400))
    first, second, _ = st.columns([1, 1, 3])
    first.download_button(
        "Report (HTML)",
        as_html(comparison).encode("utf-8", "replace"),
        "comparison.html",
        "text/html",
        width="stretch",
        icon=":material/download:",
    )
    second.download_button(
        "For a pull request", as_markdown(comparison).encode("utf-8", "replace"), "comparison.md", "text/markdown", width="stretch",
        icon=":material/download:", help="Markdown",
    )  # fmt: skip
    if len(comparison.compared) > 1 and shown[["D", "G"]].notna().all(axis=1).any():
        st.plotly_chart(balance_figure(shown), key="compare_balance", alt="Domain score against general score")
    for number, compared in enumerate(comparison.compared):
        _details(compared, number)


def _choice(rows: pd.DataFrame) -> tuple[str, list[str]]:
    """The base and the checkpoints; at first the best checkpoint that has a base here, and its base."""
    names = [str(name) for name in rows["checkpoint"]]
    known = rows[rows["base"].isin(names) & (rows["base"] != rows["checkpoint"])]
    bases = list(dict.fromkeys([*known["base"].astype(str), *rows.loc[rows["is_base"], "checkpoint"], *names]))
    left, right = st.columns(2)
    with left:
        base = pick("Base", bases, "against")
    with right:
        others = [name for name in names if name != base]
        own = [str(name) for name in known.loc[known["base"] == base, "checkpoint"]] or others
        if "with" in st.session_state:  # a base that was chosen among them is no longer one of them
            st.session_state["with"] = [name for name in st.session_state["with"] if name in others]
        picked = st.multiselect(
            "Checkpoints",
            others,
            None if "with" in st.session_state else own[:1],
            key="with",
            bind="query-params",
            persist_state="session",
            max_selections=MOST,
        )
    return base, picked


def _titles(compared: Compared) -> str:
    domain: str = compared.domain_verdict or "not scored"
    if domain == "better" and not compared.confirmed:
        domain += " (unconfirmed)"
    return f"Domain: {domain} · General: {compared.general.decision.answer if compared.general else 'not scored'}"


def _flipped(label: str, items: Sequence[Flipped]) -> None:
    with st.expander(label.replace("{}", counted_as(len(items), "item", "items"))):
        for flipped in items[:MOST_ITEMS]:
            st.markdown(f"**{escaped(flipped.ability)}** {escaped(flipped.identifier)}")
            st.code(cut(flipped.question[-1_500:]), language=None, wrap_lines=True)
            st.markdown(f"right: {escaped(flipped.answer)} · before: {escaped(flipped.base)} · now: {escaped(flipped.other)}")
        if len(items) > MOST_ITEMS:
            st.caption(f"and {len(items) - MOST_ITEMS} more")


def _details(compared: Compared, number: int) -> None:
    name = escaped(compared.name, 80)
    with st.expander(f"{name}: what changed", expanded=True):
        st.plotly_chart(forest_figure(compared), key=f"forest_{number}", alt="Differences to the base with their intervals")
        st.caption(
            "Bars: 95 % intervals. Filled: established after Holm's adjustment. Pale: what each line could detect four times in five."
        )
    abilities = compared.general.abilities if compared.general else []
    _flipped(f"{name}: {{}} right before, wrong now", [f for a in abilities for f in a.lost])
    _flipped(f"{name}: {{}} wrong before, right now", [f for a in abilities for f in a.won])
    questions = list(compared.domain.questions) if compared.domain else []
    with st.expander(f"{name}: answers to {counted_as(len(questions), 'question', 'questions')}, greatest losses first"):
        if not questions:
            return
        titles = {f"{q.identifier} {q.title} ({q.change:+.2f})": q for q in questions}
        question = titles[pick("Question", list(titles), f"asked_{number}")]
        st.code(cut(question.prompt), language=None, wrap_lines=True)
        for column, label, answers in zip(
            st.columns(2), ("Base", compared.name), (question.base_answers, question.answers), strict=True
        ):
            with column:
                st.markdown(f"**{escaped(label, 80)}**")
                for answer in answers:
                    st.code(cut(answer.text), language=None, wrap_lines=True)
