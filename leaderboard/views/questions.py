"""Each question of the rubric tasks, over all checkpoints."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard import data
from equipoise.leaderboard.frames import over_checkpoints
from equipoise.leaderboard.text import counted_as, cut, escaped
from equipoise.leaderboard.views._common import current, pick, said
from equipoise.leaderboard.views._tables import table

SHOWN = ["question", "title", "category", "mean", "lowest", "highest", "discrimination", "all_fail", "all_pass", "checkpoints"]
MOST = 60
"""Checkpoints whose answers are read."""


def page() -> None:
    """How all checkpoints did on each question; its guideline."""
    found = current("Questions")
    if found is None:
        return
    by_task: dict[str, dict[str, pd.DataFrame]] = {}
    unread = []
    for name in found.rows["checkpoint"][:MOST]:
        try:
            found_here = data.rubric_questions(str(name))
        except EquipoiseError as error:
            unread.append({"checkpoint": name, "reason": said(error, plain=True)})
            continue
        for task, rows in found_here.items():
            by_task.setdefault(task, {})[str(name)] = rows
    if unread:
        with st.expander(f"{counted_as(len(unread), 'checkpoint', 'checkpoints')} without answers here"):
            table(pd.DataFrame(unread))
    if not by_task:
        st.info("No answers to rubric questions here. Score `monetization45`; results written with `--log_samples` have them.")
        st.code("equipoise score RUN --tasks monetization45 --results FOLDER", language="bash")
        return
    first, one, two, three = st.columns([3, 1, 1, 1])
    with first:
        task = pick("Task", list(by_task), "task")
    asked_all = over_checkpoints(by_task[task])
    one.metric("Questions", len(asked_all))
    two.metric("No checkpoint can", int(asked_all["all_fail"].sum()), help="No checkpoint scores above zero.")
    three.metric("Every checkpoint can", int(asked_all["all_pass"].sum()), help="Every checkpoint has full marks.")
    table(asked_all[[c for c in SHOWN if asked_all[c].notna().any()]], alt="Questions over all checkpoints")
    st.caption(
        f"Over {counted_as(len(by_task[task]), 'checkpoint', 'checkpoints')}"
        + (f", those among the first {MOST} of the board." if len(found.rows) > MOST else ".")
    )
    asked = pick("Question", list(asked_all["question"]), "question")
    has_it = next(name for name, rows in by_task[task].items() if asked in set(rows["question"]))
    _guideline(next(r["doc"] for r in data.rubric_samples(has_it)[task] if str(r["doc"].get("id", r["doc_id"])) == asked))
    each = [(name, q.set_index("question")) for name, q in by_task[task].items()]
    scores = pd.DataFrame([{"checkpoint": name, **q.loc[asked].to_dict()} for name, q in each if asked in q.index])
    scores = scores.rename(columns={"critical": "failed"}).sort_values("score", ascending=False, kind="stable")
    st.markdown("**How each checkpoint did**")
    table(scores.drop(columns=["title", "category"]), alt="Scores of this question")


def _guideline(doc: dict[str, object]) -> None:
    st.subheader(escaped(f"{doc.get('id')} {doc.get('title', '')}"))
    st.code(cut(str(doc.get("prompt", ""))), language=None, wrap_lines=True)
    criteria = json.loads(str(doc["criteria"]))
    guideline = [
        {
            "points": c["points"],
            "criterion": c["text"],
            "dimension": c.get("dimension"),
            "critical_one": bool(c.get("critical")),
            "decided by": next(iter(c.get("check") or ["judge"])),
        }
        for c in criteria
    ]
    st.markdown("**Scoring guideline**")
    table(pd.DataFrame(guideline), alt="Scoring guideline")
