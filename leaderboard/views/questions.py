"""Each question of the rubric tasks, over all checkpoints."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard import data
from equipoise.leaderboard.frames import over_checkpoints, question_rows
from equipoise.leaderboard.text import cut, escaped
from equipoise.leaderboard.views._common import current, pick

MOST = 60
"""Checkpoints whose answers are read."""


def page() -> None:
    """How all checkpoints did on each question; its guideline."""
    found = current("Questions")
    if found is None:
        return
    by_task: dict[str, dict[str, pd.DataFrame]] = {}
    documents: dict[str, dict[str, dict[str, object]]] = {}
    unread = []
    for name in found.rows["checkpoint"][:MOST]:
        try:
            samples = data.rubric_samples(str(name))
        except EquipoiseError as error:
            unread.append({"checkpoint": name, "reason": str(error)})
            continue
        for task, rows in samples.items():
            by_task.setdefault(task, {})[str(name)] = question_rows(rows)
            documents.setdefault(task, {}).update({str(r["doc"].get("id", r["doc_id"])): r["doc"] for r in rows})
    if unread:
        with st.expander(f"{len(unread)} checkpoints without answers here"):
            st.dataframe(pd.DataFrame(unread), hide_index=True)
    if not by_task:
        st.info("No answers to rubric questions here. Score `monetization45`; results written with `--log_samples` have them.")
        return
    task = pick("Task", list(by_task), "task")
    table = over_checkpoints(by_task[task])
    one, two = st.columns(2)
    one.metric("No checkpoint can", int(table["all_fail"].sum()), help="No checkpoint scores above zero.")
    two.metric("Every checkpoint can", int(table["all_pass"].sum()), help="Every checkpoint has full marks.")
    number = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(table, hide_index=True, column_config=dict.fromkeys(("mean", "lowest", "highest", "discrimination"), number))
    st.caption(
        f"Over {len(by_task[task])} checkpoints. Discrimination: correlation of the question's score with that of all others; from four checkpoints on."
    )
    asked = pick("Question", list(table["question"]), "question")
    _guideline(documents[task][asked])
    scores = pd.DataFrame(
        [
            {"checkpoint": name, **q.set_index("question").loc[asked].to_dict()}
            for name, q in by_task[task].items()
            if asked in set(q["question"])
        ]
    )
    st.dataframe(scores.drop(columns=["title", "category"]).sort_values("score", ascending=False), hide_index=True)


def _guideline(doc: dict[str, object]) -> None:
    st.subheader(escaped(f"{doc.get('id')} {doc.get('title', '')}"))
    st.code(cut(str(doc.get("prompt", ""))), language=None, wrap_lines=True)
    criteria = json.loads(str(doc["criteria"]))
    table = [
        {
            "points": c["points"],
            "criterion": c["text"],
            "dimension": c["dimension"],
            "critical": bool(c.get("critical")),
            "decided by": ", ".join(c.get("check", {})),
        }
        for c in criteria
    ]
    st.dataframe(pd.DataFrame(table), hide_index=True)
