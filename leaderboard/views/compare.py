"""Two to four checkpoints side by side."""

from __future__ import annotations

import streamlit as st

from equipoise.harness_ext.compare import Compared
from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard import data
from equipoise.leaderboard.figures import balance_figure, forest_figure
from equipoise.leaderboard.reports import as_html, as_markdown, paragraph
from equipoise.leaderboard.text import cut, escaped
from equipoise.leaderboard.views._common import current, pick

MOST = 3


def page() -> None:
    """Choose, compare, read, download."""
    found = current("Compare")
    if found is None:
        return
    names = list(found.rows["checkpoint"])
    if len(names) < 2:
        st.info("There is one checkpoint only: nothing to compare it with.")
        return
    bases = [*found.rows.loc[found.rows["is_base"], "checkpoint"], *found.rows.loc[~found.rows["is_base"], "checkpoint"]]
    left, right = st.columns(2)
    with left:
        base = pick("Base", bases, "against")
    with right:
        others = [name for name in names if name != base]
        picked = st.multiselect(
            "Checkpoints", others, others[:1], key="with", bind="query-params", persist_state="session", max_selections=MOST
        )
    if not picked:
        st.info("Choose one to three checkpoints.")
        return
    margin = float(st.session_state.get("margin", 0.03))
    try:
        comparison = data.compared_with(base, tuple(picked), margin)
    except EquipoiseError as error:
        st.warning(escaped(error, 600))
        return
    for column, compared in zip(st.columns(len(comparison.compared)), comparison.compared, strict=True):
        with column:
            st.subheader(escaped(compared.name, 80))
            st.markdown(f"**{_titles(compared)}**")
            st.markdown(escaped(paragraph(comparison, compared), 2_000))
            for warning in compared.warnings:
                st.warning(escaped(warning, 400))
    if len(comparison.compared) > 1:
        st.plotly_chart(balance_figure(found.rows[found.rows["checkpoint"].isin([base, *picked])]), key="compare_balance")
    for compared in comparison.compared:
        _details(compared)
    first, second, _ = st.columns([1, 1, 3])
    first.download_button(
        "Report (HTML)", as_html(comparison).encode(), "comparison.html", "text/html", width="stretch", icon=":material/download:"
    )
    second.download_button(
        "For a pull request", as_markdown(comparison).encode(), "comparison.md", "text/markdown", width="stretch"
    )


def _titles(compared: Compared) -> str:
    domain = compared.domain_verdict or "not scored"
    return f"Domain: {domain} · General: {compared.general.decision.answer if compared.general else 'not scored'}"


def _details(compared: Compared) -> None:
    with st.expander(f"{escaped(compared.name, 80)}: what changed", expanded=True):
        st.plotly_chart(forest_figure(compared), key=f"forest_{compared.name}")
    lost = [f for a in compared.general.abilities for f in a.lost] if compared.general else []
    with st.expander(f"{escaped(compared.name, 80)}: {len(lost)} items right before, wrong now"):
        for flipped in lost[:40]:
            st.markdown(f"**{escaped(flipped.ability)}** {escaped(flipped.identifier)}")
            st.code(cut(flipped.question[-1_500:]), language=None, wrap_lines=True)
            st.markdown(f"right: {escaped(flipped.answer)} · before: {escaped(flipped.base)} · now: {escaped(flipped.other)}")
        if len(lost) > 40:
            st.caption(f"and {len(lost) - 40} more in the report")
    questions = compared.domain.questions if compared.domain else []
    with st.expander(f"{escaped(compared.name, 80)}: answers to {len(questions)} questions, greatest losses first"):
        if questions:
            titles = {f"{q.identifier} {q.title} ({q.change:+.2f})": q for q in questions}
            question = titles[pick("Question", list(titles), f"asked_{compared.name}")]
            st.code(cut(question.prompt), language=None, wrap_lines=True)
            for column, answers in zip(st.columns(2), (question.base_answers, question.answers), strict=True):
                with column:
                    for answer in answers:
                        st.code(cut(answer.text), language=None, wrap_lines=True)
