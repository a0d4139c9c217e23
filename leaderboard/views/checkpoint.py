"""Everything about one checkpoint."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from equipoise.harness_ext.compare import graded_answers
from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard import data
from equipoise.leaderboard.figures import heat_figure, size_name
from equipoise.leaderboard.frames import dimension_table, question_rows
from equipoise.leaderboard.text import cut, escaped, highlighted
from equipoise.leaderboard.views._common import current, pick

FACTS = ["series", "base", "step", "tokens", "mix", "stage", "learning_rate", "seed", "recipe", "kind", "folder", "date"]


def page() -> None:
    """Scores, what is known of it, its abilities, its answers."""
    found = current("Checkpoint")
    if found is None:
        return
    name = pick("Checkpoint", list(found.rows["checkpoint"]), "checkpoint")
    row: pd.Series = found.rows.set_index("checkpoint").T[name]
    columns = st.columns([1, 1, 1, 1, 2])
    for column, (label, key) in zip(
        columns, {"Balance": "balance", "Domain D": "D", "General G": "G", "ΔG to base": "delta_G"}.items(), strict=False
    ):
        column.metric(label, "unknown" if pd.isna(row[key]) else f"{row[key]:.3f}", help=_interval(row, key))
    columns[4].metric(
        "Verdict", str(row["verdict"]), help="Paired, document by document." if row["paired"] else "From the errors in the files."
    )
    facts = {"size": size_name(float(row["parameters"])) if pd.notna(row["parameters"]) else "unknown"}
    facts |= {key: str(row[key]) for key in FACTS if pd.notna(row[key])}
    with st.expander("What is known of it", expanded=True):
        st.dataframe(pd.DataFrame({"": list(facts), "value": list(facts.values())}), hide_index=True)
    _abilities(found.parts[found.parts["checkpoint"] == name])
    try:
        samples = data.rubric_samples(name)
    except EquipoiseError as error:
        st.info(escaped(error, 400))
        return
    for task, rows in samples.items():
        _answers(task, rows)


def _interval(row: pd.Series, key: str) -> str | None:
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    return f"{low:.3f} to {high:.3f}" if pd.notna(low) and pd.notna(high) else None


def _abilities(parts: pd.DataFrame) -> None:
    st.subheader("Tasks and abilities")
    table = parts[["role", "ability", "value", "stderr", "documents", "tasks"]].sort_values(["role", "value"])
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        table,
        hide_index=True,
        column_config={"value": number, "stderr": number, "documents": st.column_config.NumberColumn(format="%d")},
    )
    st.caption("Rubric scores as they are; everything else as a share above chance. A missing error is unknown, not zero.")


def _answers(task: str, rows: list[dict[str, Any]]) -> None:
    questions = question_rows(rows)
    st.subheader(escaped(task))
    st.plotly_chart(heat_figure(dimension_table(questions)), key=f"heat_{task}")
    weakest = questions.sort_values("score")
    st.dataframe(
        weakest[["question", "title", "category", "score", "reliability", "business_impact", "critical"]], hide_index=True, height=240,
        column_config={c: st.column_config.NumberColumn(format="%.2f") for c in ("score", "reliability", "business_impact")},
    )  # fmt: skip
    asked = pick("Question", list(weakest["question"]), f"question_{task}")
    row = next(r for r in rows if str(r["doc"].get("id", r["doc_id"])) == asked)
    show_answers(row)


def show_answers(row: dict[str, Any]) -> None:
    """One question with its answers and verdicts."""
    doc = row["doc"]
    with st.expander("Question"):
        st.code(cut(str(doc.get("prompt", ""))), language=None, wrap_lines=True)
    answers = graded_answers(row)
    for tab, answer in zip(st.tabs([f"Phrasing or draw {i}" for i in range(1, len(answers) + 1)]), answers, strict=True):
        with tab:
            st.html(highlighted(answer.text, [v.span for v in answer.verdicts if v.met]))
            table = [
                {
                    "points": v.points,
                    "criterion": v.criterion,
                    "critical": v.critical,
                    "verdict": _mark(v.met, v.points),
                    "what decided": v.why,
                }
                for v in answer.verdicts
            ]
            st.dataframe(pd.DataFrame(table), hide_index=True)


def _mark(met: bool | None, points: int) -> str:
    if met is None:
        return "not judged"
    if points > 0:
        return "met" if met else "missed"
    return "harm" if met else "avoided"
